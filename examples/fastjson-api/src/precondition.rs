//! Conditions on the entity tag of a document (RFC 9110, section 13).

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{EntityTag, Header, IF_MATCH, IF_NONE_MATCH, IfMatch, IfNoneMatch};

use crate::document::tag;
use crate::problem::Problem;

/// What must hold of a document for a request to be carried out.
#[derive(Clone, Debug, Default)]
pub struct Precondition {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

#[derive(Clone, Debug)]
enum Tags {
    Any,
    Some(Vec<EntityTag>),
}

/// How a precondition turned out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Holds,
    /// If-Match does not hold: the document is not what the client takes it for.
    Changed,
    /// If-None-Match does not hold: the document is what the client has.
    Same,
}

impl Precondition {
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let malformed =
            || Problem::bad_request("If-Match and If-None-Match are '*' or entity tags in quotes");
        // The framework leaves out what is no entity tag.
        let tags = |tags: Vec<EntityTag>| match tags[..] {
            [] => Err(malformed()),
            _ => Ok(Tags::Some(tags)),
        };
        let mut precondition = Precondition::default();
        if request.headers().contains_key(IF_MATCH) {
            precondition.if_match =
                Some(match IfMatch::parse(request).map_err(|_| malformed())? {
                    IfMatch::Any => Tags::Any,
                    IfMatch::Items(items) => tags(items)?,
                });
        }
        if request.headers().contains_key(IF_NONE_MATCH) {
            precondition.if_none_match =
                Some(match IfNoneMatch::parse(request).map_err(|_| malformed())? {
                    IfNoneMatch::Any => Tags::Any,
                    IfNoneMatch::Items(items) => tags(items)?,
                });
        }
        Ok(precondition)
    }

    /// Judges a document by its revision, None if there is no document.
    pub fn check(&self, revision: Option<u64>) -> Verdict {
        if self.if_match.is_none() && self.if_none_match.is_none() {
            return Verdict::Holds;
        }
        let current = revision.map(|revision| EntityTag::new_strong(tag(revision)));
        if let Some(tags) = &self.if_match
            && !tags.contain(current.as_ref(), EntityTag::strong_eq)
        {
            return Verdict::Changed;
        }
        if let Some(tags) = &self.if_none_match
            && tags.contain(current.as_ref(), EntityTag::weak_eq)
        {
            return Verdict::Same;
        }
        Verdict::Holds
    }
}

impl Tags {
    fn contain(
        &self,
        current: Option<&EntityTag>,
        equal: impl Fn(&EntityTag, &EntityTag) -> bool,
    ) -> bool {
        current.is_some_and(|current| match self {
            Tags::Any => true,
            Tags::Some(tags) => tags.iter().any(|tag| equal(tag, current)),
        })
    }
}

impl Verdict {
    /// The answer to a request that would change the document.
    pub fn refusal(self) -> Problem {
        Problem::new(
            StatusCode::PRECONDITION_FAILED,
            match self {
                Verdict::Same => "the document exists, or is what If-None-Match excludes",
                _ => "the document is not what If-Match asks for",
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn tags_decide() {
        use Verdict::*;
        for (name, value, revision, want) in [
            ("if-match", "\"1f\"", Some(31), Holds),
            ("if-match", "\"1\", \"1f\"", Some(31), Holds),
            ("if-match", "\"1\"", Some(31), Changed),
            ("if-match", "W/\"1f\"", Some(31), Changed),
            ("if-match", "\"1f\"", None, Changed),
            ("if-match", "*", Some(31), Holds),
            ("if-match", "*", None, Changed),
            ("if-none-match", "\"1f\"", Some(31), Same),
            ("if-none-match", "W/\"1f\"", Some(31), Same),
            ("if-none-match", "\"1\"", Some(31), Holds),
            ("if-none-match", "\"1f\"", None, Holds),
            ("if-none-match", "*", Some(31), Same),
            ("if-none-match", "*", None, Holds),
        ] {
            let request = TestRequest::default().insert_header((name, value)).to_http_request();
            let precondition = Precondition::of(&request).unwrap();
            assert_eq!(precondition.check(revision), want, "{name}: {value} on {revision:?}");
        }
        assert_eq!(Precondition::default().check(None), Holds);
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for name in ["if-match", "if-none-match"] {
            let request = TestRequest::default().insert_header((name, "1f")).to_http_request();
            let answer = Precondition::of(&request).map_err(|problem| problem.status);
            assert_eq!(answer.unwrap_err(), StatusCode::BAD_REQUEST, "{name}");
        }
    }
}
