//! Where in a document a place of its text is.

use crate::json::string;

/// The pointer (RFC 6901) to the innermost value around the byte at `offset`, up to which `text` is valid.
pub(super) fn pointer_to(text: &[u8], offset: usize) -> String {
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at).filter(|_| at < offset) {
        let start = at;
        at += 1;
        match byte {
            b'"' => {
                at = end_of_string(text, at);
                if let Some(Open::Object { name: name @ None }) = open.last_mut() {
                    // An error within a name is one of the object.
                    *name = (at <= offset).then_some((start + 1, at - 1));
                }
            }
            b'{' => open.push(Open::Object { name: None }),
            b'[' => open.push(Open::Array { element: 0 }),
            b'}' | b']' => drop(open.pop()),
            b',' => match open.last_mut() {
                Some(Open::Array { element }) => *element += 1,
                Some(object) => *object = Open::Object { name: None },
                None => {}
            },
            _ => {}
        }
    }
    let mut pointer = String::new();
    for open in open {
        match open {
            Open::Array { element } => pointer.push_str(&format!("/{element}")),
            Open::Object { name: Some((start, end)) } => {
                let mut name = Vec::new();
                // It can't fail, save for want of memory: what there is must do then.
                let _ = string::unescape_lenient(&text[start..end], &mut name);
                let name = String::from_utf8_lossy(&name).replace('~', "~0").replace('/', "~1");
                pointer.push('/');
                pointer.push_str(&name);
            }
            Open::Object { name: None } => {}
        }
    }
    pointer
}

/// An array or object around a place.
enum Open {
    Array {
        element: usize,
    },
    Object {
        /// Where the name of the member around the place is, between its quotes. Without one, the next string is it.
        name: Option<(usize, usize)>,
    },
}

/// The place after the closing quote of the string whose opening quote is before `at`.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(byte) = text.get(at) {
        at += match byte {
            b'"' => return at + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    text.len() + 1
}
