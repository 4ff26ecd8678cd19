//! Conditions on the entity tag of a document (RFC 9110, section 13).

use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{EntityTag, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};

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
        Ok(Precondition {
            if_match: tags(request, IF_MATCH)?,
            if_none_match: tags(request, IF_NONE_MATCH)?,
        })
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

/// The list of a header, which may be in several fields; None if there is none. The framework would cut tags at the commas in
/// them, and leave out what is no tag.
fn tags(request: &HttpRequest, name: HeaderName) -> Result<Option<Tags>, Problem> {
    if !request.headers().contains_key(&name) {
        return Ok(None);
    }
    let list = || {
        let fields: Result<Vec<_>, _> =
            request.headers().get_all(name).map(HeaderValue::to_str).collect();
        let list = fields.ok()?.join(",");
        if list.trim() == "*" {
            return Some(Tags::Any);
        }
        let mut is_quoted = false;
        let tags = list.split(|c| {
            is_quoted ^= c == '"';
            c == ',' && !is_quoted
        });
        let tags = tags.map(str::trim).filter(|tag| !tag.is_empty());
        let tags: Vec<_> = tags.map(EntityTag::from_str).collect::<Result<_, _>>().ok()?;
        (!tags.is_empty()).then_some(Tags::Some(tags))
    };
    let malformed = "If-Match and If-None-Match are '*' or entity tags in quotes";
    list().map(Some).ok_or_else(|| Problem::bad_request(malformed))
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
            ("if-match", "\"a,b\"", Some(31), Changed),
            ("if-match", "\"1,1f\",\t\"1f\"", Some(31), Holds),
            ("if-none-match", "\"a,\", \"b\"", Some(31), Holds),
            ("if-none-match", ", W/\",1f,\",, \"1f\",", Some(31), Same),
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
            for value in [
                "1f",
                "",
                ",",
                "\"1f",
                "1f, \"1f\"",
                "\"1f\" \"1\"",
                "*, \"1f\"",
                "\"a, \"1f\"\"",
                "w/\"1f\"",
            ] {
                let request = TestRequest::default().insert_header((name, value)).to_http_request();
                let answer = Precondition::of(&request).map_err(|problem| problem.status);
                assert_eq!(answer.unwrap_err(), StatusCode::BAD_REQUEST, "{name}: {value}");
            }
        }
    }

    #[test]
    fn fields_that_come_twice_are_one_list() {
        for (values, want) in [(["\"1\"", "\"1f\""], Some(Verdict::Holds)), (["*", "\"1f\""], None)]
        {
            let request = TestRequest::default()
                .append_header(("if-match", values[0]))
                .append_header(("if-match", values[1]))
                .to_http_request();
            let verdict = Precondition::of(&request).ok().map(|it| it.check(Some(31)));
            assert_eq!(verdict, want, "{values:?}");
        }
    }
}
