//! What the path of a request names. The framework's router would try a regular expression for each resource, which took a
//! fifth of the time of a cached document.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// What there is at a path. Names are decoded, and not checked.
#[derive(Debug, PartialEq)]
pub enum Target<'a> {
    Collection(Cow<'a, str>),
    Import(Cow<'a, str>),
    Export(Cow<'a, str>),
    Document(Cow<'a, str>, Cow<'a, str>),
    Healthz,
    Readyz,
    Metrics,
    Nothing,
}

impl<'a> Target<'a> {
    pub fn of(path: &'a str) -> Self {
        let mut segments = path.strip_prefix('/').unwrap_or_default().split('/').map(decode);
        let first = segments.next().unwrap_or_default();
        let rest = [segments.next(), segments.next(), segments.next()];
        match (&*first, rest) {
            ("healthz", [None, ..]) => Target::Healthz,
            ("readyz", [None, ..]) => Target::Readyz,
            ("metrics", [None, ..]) => Target::Metrics,
            ("v1", [Some(collection), rest, None]) if !collection.is_empty() => {
                match rest.as_deref() {
                    None => Target::Collection(collection),
                    Some("") => Target::Nothing,
                    Some("_import") => Target::Import(collection),
                    Some("_export") => Target::Export(collection),
                    Some(_) => Target::Document(collection, rest.unwrap_or_default()),
                }
            }
            _ => Target::Nothing,
        }
    }
}

/// A segment without its escapes (RFC 3986, section 2.1). What is no escape stays, and what is not UTF-8 then becomes the
/// replacement character.
fn decode(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_resources() {
        use Target::*;
        let document =
            |collection: &'static str, id: &'static str| Document(collection.into(), id.into());
        for (path, want) in [
            ("/healthz", Healthz),
            ("/readyz", Readyz),
            ("/metrics", Metrics),
            ("/metrics/", Nothing),
            ("/healthz/a", Nothing),
            ("", Nothing),
            ("/", Nothing),
            ("/v1", Nothing),
            ("/v1/", Nothing),
            ("/v2/a/b", Nothing),
            ("/v1/a", Collection("a".into())),
            ("/v1/a/", Nothing),
            ("/v1//b", Nothing),
            ("/v1/a/b", document("a", "b")),
            ("/v1/a/b/", Nothing),
            ("/v1/a/b/c", Nothing),
            ("/v1/a/_import", Import("a".into())),
            ("/v1/a/_export", Export("a".into())),
            ("/v1/a/_other", document("a", "_other")),
            ("/v1/a/%5Fimport", Import("a".into())),
            ("/v1/a/b%2Fc", document("a", "b/c")),
            ("/v1/a/%c3%9cber%20see+", document("a", "Über see+")),
            ("/v1/a/%ff", document("a", "\u{FFFD}")),
            ("/v1/a/%", document("a", "%")),
            ("/v1/a/%4", document("a", "%4")),
            ("/v1/a/%zz%41", document("a", "%zzA")),
            ("/v1/a/%2541", document("a", "%41")),
            ("/%76%31/a", Collection("a".into())),
            ("v1/a", Nothing),
        ] {
            assert_eq!(Target::of(path), want, "{path}");
        }
    }
}
