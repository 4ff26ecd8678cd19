//! Documents and the names under which they are kept.

use actix_web::http::header::HeaderValue;
use actix_web::web::Bytes;

use crate::problem::Problem;

/// A document as it is served.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The number of the change that made it what it is, which its entity tag shows.
    pub revision: u64,
    /// JSON without white space between its tokens.
    pub text: Bytes,
}

impl Document {
    /// The form that caches keep: the text, and behind it, so that it can be cut off, the revision.
    pub fn to_entry(&self) -> Vec<u8> {
        [&self.text[..], &self.revision.to_be_bytes()].concat()
    }

    /// What [`Self::to_entry`] made; None if it can't have been that.
    pub fn from_entry(mut entry: Vec<u8>) -> Option<Self> {
        let (text, revision) = entry.split_last_chunk()?;
        let (length, revision) = (text.len(), u64::from_be_bytes(*revision));
        entry.truncate(length);
        Some(Document { revision, text: entry.into() })
    }

    /// The value of the ETag header.
    pub fn etag(&self) -> HeaderValue {
        HeaderValue::try_from(format!("\"{}\"", tag(self.revision))).expect("visible ASCII")
    }
}

/// The opaque part of the entity tag of a revision.
pub fn tag(revision: u64) -> String {
    format!("{revision:x}")
}

/// The name of a document: its collection and its id, as one text with a slash between them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    text: Box<str>,
    slash: usize,
}

impl Key {
    pub fn new(collection: &Collection, id: &str) -> Result<Self, Problem> {
        check_id(id).map_err(Problem::bad_request)?;
        Ok(Key::unchecked(&collection.0, id))
    }

    /// Checks both names.
    pub fn parse(collection: &str, id: &str) -> Result<Self, Problem> {
        check_collection(collection)?;
        check_id(id).map_err(Problem::bad_request)?;
        Ok(Key::unchecked(collection, id))
    }

    fn unchecked(collection: &str, id: &str) -> Self {
        Key { text: [collection, "/", id].concat().into(), slash: collection.len() }
    }

    pub fn collection(&self) -> &str {
        &self.text[..self.slash]
    }

    pub fn id(&self) -> &str {
        &self.text[self.slash + 1..]
    }

    /// The whole key, by which caches know the document.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The name of a collection: letters, digits, `.`, `-` and `_`, of which the first is a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection(String);

impl Collection {
    pub fn new(name: String) -> Result<Self, Problem> {
        check_collection(&name)?;
        Ok(Collection(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_collection(name: &str) -> Result<(), Problem> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if !(1..=64).contains(&name.len())
        || !name.bytes().all(allowed)
        || !name.as_bytes()[0].is_ascii_alphanumeric()
    {
        return Err(Problem::bad_request(
            "a collection's name has 1 to 64 letters, digits, '.', '-' and '_', and begins with a letter or digit",
        ));
    }
    Ok(())
}

/// Ids are what fits into one segment of a path. Those that begin with `_` are kept for the service.
fn check_id(id: &str) -> Result<(), &'static str> {
    if !(1..=255).contains(&id.len()) {
        return Err("an id has 1 to 255 bytes");
    }
    if id.starts_with('_') {
        return Err("ids that begin with '_' are reserved");
    }
    // What is not UTF-8 in a path comes as this character, so that different paths would name one document.
    if id.contains(char::REPLACEMENT_CHARACTER) {
        return Err("an id is UTF-8");
    }
    if id == "." || id == ".." || id.contains(|c: char| c == '/' || c.is_control()) {
        return Err("an id must not be '.' or '..', and has no '/' and no control characters");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back() {
        for text in ["", "1", "{\"a\":[]}"] {
            let document = Document { revision: 1 << 40, text: text.into() };
            assert_eq!(Document::from_entry(document.to_entry()), Some(document));
        }
        assert_eq!(Document::from_entry(b"short".to_vec()), None);
    }

    #[test]
    fn names_fit_into_paths() {
        let collection = Collection::new("teas".to_owned()).unwrap();
        for (id, good) in [
            ("sencha", true),
            ("Übersee tea", true),
            ("a_b", true),
            ("...", true),
            ("", false),
            (".", false),
            ("..", false),
            ("_import", false),
            ("a/b", false),
            ("a\nb", false),
            ("\u{FFFD}", false),
            (&"x".repeat(255), true),
            (&"x".repeat(256), false),
        ] {
            let key = Key::new(&collection, id);
            assert_eq!(key.is_ok(), good, "{id}");
            if let Ok(key) = key {
                assert_eq!((key.collection(), key.id()), ("teas", id));
            }
        }
        for (name, good) in [
            ("teas", true),
            ("a.b-c_d", true),
            ("7", true),
            ("", false),
            ("_teas", false),
            (".", false),
            ("té", false),
            ("a b", false),
            (&"x".repeat(65), false),
        ] {
            assert_eq!(Collection::new(name.to_owned()).is_ok(), good, "{name}");
        }
    }
}
