//! Encoding by a shape: the values of a document, gathered in the shape's order into a run of words and
//! string bytes, are rendered as compact JSON in one pass.
//! docs/run.md has the run's format.

use std::mem::MaybeUninit;

use super::decode::MAX_SHAPE_DEPTH;
use super::output::{Full, Output};
use super::shape::{Kind, Shape};
use super::steps::{Form, Step, Steps};
use super::{escape, print, string, text};

/// Labels of values whose kind the shape leaves open; those of decoding, and these.
pub mod tag {
    pub use crate::json::decode::tag::*;
    /// A signed integer; its bits follow.
    pub const INT: u64 = 7;
    /// An unsigned integer; its bits follow.
    pub const UINT: u64 = 8;
    /// A float of single precision; the bits of its double follow.
    pub const FLOAT32: u64 = 9;
    /// JSON text, to be checked and compacted; the payload is its length.
    pub const RAW: u64 = 10;
    /// JSON text that an encoder made, copied as it is; the payload is its length.
    pub const RENDERED: u64 = 11;
    /// Bytes, as base64; the payload is their length.
    pub const BYTES: u64 = 12;
}

/// How values are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct EncodeOptions {
    /// `<`, `>` and `&` in strings are escaped, so that the text can stand in HTML.
    pub escape_html: bool,
    /// Members of objects that are not of a struct are written in the order of the run, not of their names.
    pub unsorted: bool,
}

/// Why a run was not encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// The words don't fit the shape.
    Run,
    /// A value has no JSON form: a float that is not finite, or JSON text that is not valid.
    Value,
    /// The buffer is too small.
    Full,
}

impl From<Full> for EncodeError {
    fn from(_: Full) -> Self {
        EncodeError::Full
    }
}

type Result<T, E = EncodeError> = std::result::Result<T, E>;

/// Encodes the value that `words` and `strings` hold; returns the length of the JSON text in `output`. There may be more bytes in
/// `strings` than the run needs, which makes it faster: 32 are enough.
pub fn encode(
    shape: &Shape,
    words: &[u64],
    strings: &[u8],
    options: EncodeOptions,
    output: &mut [MaybeUninit<u8>],
) -> Result<usize> {
    match options.escape_html {
        true => Encoder::<true>::run(shape, words, strings, options.unsorted, output),
        false => Encoder::<false>::run(shape, words, strings, options.unsorted, output),
    }
}

struct Encoder<'a, const HTML: bool> {
    shape: &'a Shape,
    steps: &'a Steps,
    words: &'a [u64],
    /// How many words were taken.
    word: usize,
    strings: &'a [u8],
    /// How many bytes of strings were taken.
    byte: usize,
    unsorted: bool,
    output: Output<'a, u8>,
}

/// How many members of an object are put in order without an allocation.
const FEW: usize = 16;

/// A member of an object on its way to its place in order: the first bytes of its name as a number, and which it is.
type Place = (u64, u32);

impl<'a, const HTML: bool> Encoder<'a, HTML> {
    fn run(
        shape: &'a Shape,
        words: &'a [u64],
        strings: &'a [u8],
        unsorted: bool,
        output: &'a mut [MaybeUninit<u8>],
    ) -> Result<usize> {
        let (steps, output) = (shape.steps(HTML), Output::new(output));
        let mut encoder =
            Encoder::<HTML> { shape, steps, words, word: 0, strings, byte: 0, unsorted, output };
        encoder.value(0, 0)?;
        match encoder.word == words.len() {
            true => Ok(encoder.output.len()),
            false => Err(EncodeError::Run),
        }
    }

    #[inline(always)]
    fn word(&mut self) -> Result<u64> {
        let &word = self.words.get(self.word).ok_or(EncodeError::Run)?;
        self.word += 1;
        Ok(word)
    }

    /// A length or count that is one too large, so that 0 can mean null.
    #[inline(always)]
    fn nullable(&mut self) -> Result<Option<u64>> {
        match self.word()?.checked_sub(1) {
            None => {
                self.null()?;
                Ok(None)
            }
            some => Ok(some),
        }
    }

    /// The next `length` bytes of strings: where they begin, and how many they are.
    #[inline(always)]
    fn span(&mut self, length: u64) -> Result<(usize, usize)> {
        let start = self.byte;
        if length > (self.strings.len() - start) as u64 {
            return Err(EncodeError::Run);
        }
        self.byte += length as usize;
        Ok((start, length as usize))
    }

    #[inline(always)]
    fn take(&mut self, length: u64) -> Result<&'a [u8]> {
        let (start, length) = self.span(length)?;
        Ok(&self.strings[start..start + length])
    }

    fn value(&mut self, node: usize, depth: usize) -> Result<()> {
        let shape = self.shape;
        let kind = &shape.nodes[node].kind;
        match kind {
            Kind::Struct(_) => self.object(node, depth)?,
            Kind::Array { element } => self.array(*element, depth)?,
            Kind::Map { element, .. } => {
                if let Some(count) = self.nullable()? {
                    self.map(count, Some(*element), depth)?;
                }
            }
            Kind::Optional { element } => match self.word()? {
                0 => self.null()?,
                1 => {
                    nested(depth)?;
                    self.value(*element, depth + 1)?;
                }
                _ => return Err(EncodeError::Run),
            },
            Kind::Any => self.any(depth)?,
            scalar if shape.nodes[node].quoted => self.quoted(scalar)?,
            scalar => self.scalar(scalar)?,
        }
        Ok(())
    }

    fn object(&mut self, node: usize, depth: usize) -> Result<()> {
        nested(depth)?;
        let start = self.output.len();
        let steps = self.steps;
        for step in steps.of_node(node) {
            if step.optional && self.word()? == 0 {
                continue;
            }
            self.name_of(step)?;
            match step.form {
                Form::Bool => {
                    let value = self.word()? != 0;
                    self.boolean(value)?;
                }
                Form::Int => {
                    let value = self.word()? as i64;
                    print::int(value, &mut self.output)?;
                }
                Form::Uint => {
                    let value = self.word()?;
                    print::uint(value, &mut self.output)?;
                }
                Form::Float => {
                    let bits = self.word()?;
                    self.float(bits)?;
                }
                Form::String => {
                    let length = self.word()?;
                    self.string(length)?;
                }
                Form::Other => self.value(step.node as usize, depth + 1)?,
            }
        }
        self.close(start, b'{', b'}')
    }

    #[inline(always)]
    fn name_of(&mut self, step: &Step) -> Result<()> {
        match self.steps.block(step) {
            Some((block, length)) => self.output.extend_from(block, length)?,
            None => self.output.extend(self.steps.text(step))?,
        }
        Ok(())
    }

    /// Ends an object or array whose members or elements were written with a comma before each.
    #[inline(always)]
    fn close(&mut self, start: usize, opening: u8, closing: u8) -> Result<()> {
        match self.output.written().get_mut(start) {
            Some(comma) => *comma = opening,
            None => {
                self.output.push(opening)?;
            }
        }
        self.output.push(closing)?;
        Ok(())
    }

    fn array(&mut self, element: usize, depth: usize) -> Result<()> {
        let Some(count) = self.nullable()? else { return Ok(()) };
        nested(depth)?;
        let start = self.output.len();
        match Form::of(&self.shape.nodes[element]) {
            Form::Int => self.elements(count, |this| {
                let value = this.word()? as i64;
                Ok(print::int(value, &mut this.output)?)
            })?,
            Form::Uint => self.elements(count, |this| {
                let value = this.word()?;
                Ok(print::uint(value, &mut this.output)?)
            })?,
            Form::Float => self.elements(count, |this| {
                let bits = this.word()?;
                this.float(bits)
            })?,
            Form::String => self.elements(count, |this| {
                let length = this.word()?;
                this.string(length)
            })?,
            Form::Bool | Form::Other => {
                self.elements(count, |this| this.value(element, depth + 1))?;
            }
        }
        self.close(start, b'[', b']')
    }

    #[inline(always)]
    fn elements(&mut self, count: u64, element: impl Fn(&mut Self) -> Result<()>) -> Result<()> {
        for _ in 0..count {
            self.output.push(b',')?;
            element(self)?;
        }
        Ok(())
    }

    /// Writes an object's members in the order of their names. All are of one node, or each is what its tag says.
    fn map(&mut self, count: u64, element: Option<usize>, depth: usize) -> Result<()> {
        nested(depth)?;
        let table = self.words.get(self.word..).ok_or(EncodeError::Run)?;
        let table = usize::try_from(count).ok().and_then(|count| table.get(..count));
        let table = table.ok_or(EncodeError::Run)?;
        self.word += table.len();
        let Some(&first) = table.first() else { return Ok(self.output.extend(b"{}")?) };
        if first != self.place() {
            return Err(EncodeError::Run);
        }
        let mut end = None;
        let mut separator = b'{';
        let mut member = |this: &mut Self, number: usize| {
            let start = *table.get(number).ok_or(EncodeError::Run)?;
            (this.word, this.byte) = ((start >> 32) as usize, start as u32 as usize);
            if this.byte > this.strings.len() {
                return Err(EncodeError::Run);
            }
            this.output.push(separator)?;
            separator = b',';
            let length = this.word()?;
            this.string(length)?;
            this.output.push(b':')?;
            match element {
                Some(element) => this.value(element, depth + 1)?,
                None => this.any(depth + 1)?,
            }
            // Each member ends where the next begins, so that all are read once.
            match table.get(number + 1) {
                Some(&next) if next == this.place() => Ok(()),
                Some(_) => Err(EncodeError::Run),
                None => {
                    end = Some((this.word, this.byte));
                    Ok(())
                }
            }
        };
        if self.unsorted || table.len() == 1 {
            for number in 0..table.len() {
                member(self, number)?;
            }
        } else if table.len() <= FEW {
            let mut places = [(0, 0); FEW];
            let places = &mut places[..table.len()];
            for (number, (place, &start)) in places.iter_mut().zip(table).enumerate() {
                *place = (self.prefix(start), number as u32);
            }
            self.insert_in_order(places, table);
            for &(_, number) in places.iter() {
                member(self, number as usize)?;
            }
        } else {
            let mut places: Vec<Place> = Vec::with_capacity(table.len());
            for (number, &start) in table.iter().enumerate() {
                places.push((self.prefix(start), number as u32));
            }
            places.sort_unstable_by(|&a, &b| {
                a.0.cmp(&b.0).then_with(|| self.name(table, a).cmp(self.name(table, b)))
            });
            for &(_, number) in &places {
                member(self, number as usize)?;
            }
        }
        (self.word, self.byte) = end.ok_or(EncodeError::Run)?;
        self.output.push(b'}')?;
        Ok(())
    }

    /// How far the run was read, as the tables of maps have it.
    #[inline(always)]
    fn place(&self) -> u64 {
        (self.word as u64) << 32 | self.byte as u64
    }

    /// The first eight bytes of the name at a place of the run, whose order as numbers is theirs.
    #[inline(always)]
    fn prefix(&self, start: u64) -> u64 {
        let length = self.words.get((start >> 32) as usize).copied().unwrap_or(0);
        let rest = self.strings.get(start as u32 as usize..).unwrap_or_default();
        match rest.first_chunk() {
            Some(&bytes) if length >= 8 => u64::from_be_bytes(bytes),
            Some(&bytes) => u64::from_be_bytes(bytes) & !(u64::MAX >> (8 * length)),
            None => {
                let mut bytes = [0; 8];
                let length = rest.len().min(length.min(8) as usize);
                bytes[..length].copy_from_slice(&rest[..length]);
                u64::from_be_bytes(bytes)
            }
        }
    }

    /// The name of a member of the object with that table.
    fn name(&self, table: &[u64], (_, number): Place) -> &'a [u8] {
        let start = table.get(number as usize).copied().unwrap_or(0);
        let length = self.words.get((start >> 32) as usize).copied().unwrap_or(0);
        let rest = self.strings.get(start as u32 as usize..).unwrap_or_default();
        rest.get(..length as usize).unwrap_or(rest)
    }

    /// Sorts a few places by insertion.
    #[inline(always)]
    fn insert_in_order(&self, places: &mut [Place], table: &[u64]) {
        for sorted in 1..places.len() {
            let place = places[sorted];
            let mut at = sorted;
            while at > 0 {
                let before = places[at - 1];
                if before.0 < place.0
                    || before.0 == place.0 && self.name(table, before) <= self.name(table, place)
                {
                    break;
                }
                places[at] = before;
                at -= 1;
            }
            places[at] = place;
        }
    }

    #[inline(always)]
    fn scalar(&mut self, kind: &Kind) -> Result<()> {
        let word = self.word()?;
        match kind {
            Kind::Bool => self.boolean(word != 0)?,
            Kind::Int { .. } => print::int(word as i64, &mut self.output)?,
            Kind::Uint { .. } => print::uint(word, &mut self.output)?,
            Kind::Float64 => self.float(word)?,
            Kind::Float32 => self.float32(word)?,
            Kind::String => self.string(word)?,
            Kind::Bytes | Kind::Text => match word.checked_sub(1) {
                None => self.null()?,
                Some(length) if matches!(kind, Kind::Text) => self.string(length)?,
                Some(length) => self.bytes(length)?,
            },
            Kind::Number => {
                let literal = self.take(word)?;
                self.output.extend(literal)?;
            }
            Kind::Raw => self.raw(word)?,
            _ => return Err(EncodeError::Run),
        }
        Ok(())
    }

    #[inline(always)]
    fn null(&mut self) -> Result<()> {
        Ok(self.output.extend(b"null")?)
    }

    #[inline(always)]
    fn boolean(&mut self, value: bool) -> Result<()> {
        match value {
            true => self.output.extend_from(b"true\0\0\0\0", 4)?,
            false => self.output.extend_from(b"false\0\0\0", 5)?,
        }
        Ok(())
    }

    #[inline(never)]
    fn float(&mut self, bits: u64) -> Result<()> {
        let value = f64::from_bits(bits);
        if !value.is_finite() {
            return Err(EncodeError::Value);
        }
        Ok(print::float64(value, &mut self.output)?)
    }

    fn float32(&mut self, bits: u64) -> Result<()> {
        let value = f64::from_bits(bits) as f32;
        if !value.is_finite() {
            return Err(EncodeError::Value);
        }
        Ok(print::float32(value, &mut self.output)?)
    }

    #[inline(always)]
    fn string(&mut self, length: u64) -> Result<()> {
        let (start, length) = self.span(length)?;
        Ok(escape::write::<HTML>(self.strings, start, length, &mut self.output)?)
    }

    fn bytes(&mut self, length: u64) -> Result<()> {
        let value = self.take(length)?;
        Ok(string::base64(value, &mut self.output)?)
    }

    fn raw(&mut self, length: u64) -> Result<()> {
        let value = self.take(length)?;
        text::compact_to(value, HTML, &mut self.output).map_err(|failure| match failure {
            text::Failure::Text(_) => EncodeError::Value,
            text::Failure::Sink(Full) => EncodeError::Full,
        })
    }

    /// Writes a scalar inside a string, as the `,string` option of `encoding/json` has it.
    fn quoted(&mut self, kind: &Kind) -> Result<()> {
        match kind {
            Kind::String => {
                let length = self.word()?;
                let value = self.take(length)?;
                // A string's literal may grow sixfold.
                let mut inner = vec![MaybeUninit::uninit(); 6 * value.len() + 2];
                let mut inner = Output::new(&mut inner);
                string::escape(value, HTML, &mut inner)?;
                string::escape(inner.written(), false, &mut self.output)?;
            }
            // These stay as they are: encoding/json quotes booleans and numbers only.
            Kind::Bytes | Kind::Text | Kind::Raw => self.scalar(kind)?,
            _ => {
                self.output.push(b'"')?;
                self.scalar(kind)?;
                self.output.push(b'"')?;
            }
        }
        Ok(())
    }

    fn any(&mut self, depth: usize) -> Result<()> {
        let head = self.word()?;
        let payload = head >> 32;
        if head & 1 != 0 {
            return self.null();
        }
        match (head as u32 >> 1).into() {
            tag::BOOL => self.boolean(payload != 0)?,
            tag::FLOAT => {
                let bits = self.word()?;
                self.float(bits)?;
            }
            tag::FLOAT32 => {
                let bits = self.word()?;
                self.float32(bits)?;
            }
            tag::INT => print::int(self.word()? as i64, &mut self.output)?,
            tag::UINT => print::uint(self.word()?, &mut self.output)?,
            tag::STRING => self.string(payload)?,
            tag::BYTES => self.bytes(payload)?,
            tag::RAW => self.raw(payload)?,
            tag::NUMBER | tag::RENDERED => {
                let literal = self.take(payload)?;
                self.output.extend(literal)?;
            }
            tag::ARRAY => {
                nested(depth)?;
                let start = self.output.len();
                self.elements(payload, |this| this.any(depth + 1))?;
                self.close(start, b'[', b']')?;
            }
            tag::OBJECT => self.map(payload, None, depth)?,
            _ => return Err(EncodeError::Run),
        }
        Ok(())
    }
}

/// Bounds the nesting of what a run says.
#[inline(always)]
fn nested(depth: usize) -> Result<()> {
    if depth > 2 * MAX_SHAPE_DEPTH { Err(EncodeError::Run) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn encoded(shape: &Shape, words: &[u64], strings: &[u8]) -> Result<String> {
        let mut output = [MaybeUninit::uninit(); 4096];
        let length = encode(shape, words, strings, EncodeOptions::default(), &mut output)?;
        // SAFETY: so many bytes were written.
        let text = unsafe { std::slice::from_raw_parts(output.as_ptr().cast(), length) };
        Ok(String::from_utf8(text.to_vec()).unwrap())
    }

    /// An object of integers whose members come in any order, behind their table.
    fn object(names: &[&str]) -> (Vec<u64>, Vec<u8>) {
        let (mut words, mut strings) = (vec![names.len() as u64 + 1], Vec::new());
        let table = words.len();
        words.resize(table + names.len(), 0);
        for (number, name) in names.iter().enumerate() {
            words[table + number] = (words.len() as u64) << 32 | strings.len() as u64;
            words.extend([name.len() as u64, number as u64]);
            strings.extend_from_slice(name.as_bytes());
        }
        (words, strings)
    }

    #[test]
    fn members_are_put_in_order() {
        let shape = Shape::new(&description(&[2, 11, 0, 1, 0, 1, 0, 64, 0])).unwrap();
        let names =
            ["b", "a\0", "", "a", "abcdefgi", "abcdefghj", "abcdefghi", "abcdefgh", "ä", "\0"];
        let many = (0..40).map(|number| format!("name {}", number * 7 % 40)).collect::<Vec<_>>();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for names in (0..names.len()).map(|count| &names[..count]).chain([&many[..]]) {
            let (words, mut strings) = object(names);
            let mut sorted: Vec<_> = names.iter().enumerate().collect();
            sorted.sort_by_key(|&(_, name)| name);
            let members = sorted.iter().map(|(number, name)| {
                let mut literal = Vec::new();
                string::escape(name.as_bytes(), false, &mut literal).unwrap();
                format!("{}:{number}", String::from_utf8(literal).unwrap())
            });
            let want = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
            assert_eq!(encoded(&shape, &words, &strings), Ok(want.clone()));
            // More strings than the run needs change nothing.
            strings.resize(strings.len() + 16, b'"');
            assert_eq!(encoded(&shape, &words, &strings), Ok(want));
        }
    }

    #[test]
    fn places_of_members_are_checked() {
        let shape = Shape::new(&description(&[2, 11, 0, 1, 0, 1, 0, 64, 0])).unwrap();
        let (words, strings) = object(&["b", "a", "c"]);
        assert!(encoded(&shape, &words, &strings).is_ok());
        for word in 0..words.len() {
            for wrong in [0, 1, u64::from(u32::MAX), u64::MAX, words[1], words[3], words[2] + 1] {
                let mut words = words.clone();
                if std::mem::replace(&mut words[word], wrong) == wrong {
                    continue;
                }
                let got = encoded(&shape, &words, &strings);
                // The values may be anything, and the last name may be shorter: what is behind it is ignored.
                let right = matches!(word, 5 | 7 | 9) || word == 8 && wrong == 0;
                assert_eq!(got.is_ok(), right, "{word}: {got:?}");
            }
        }
        for length in 0..words.len() {
            assert_eq!(encoded(&shape, &words[..length], &strings), Err(EncodeError::Run));
        }
        for length in 0..strings.len() {
            assert_eq!(encoded(&shape, &words, &strings[..length]), Err(EncodeError::Run));
        }
    }

    /// A name that is longer than a block, one that is escaped, and a member that is left out.
    #[test]
    fn names_of_members() {
        let long = "a name that is longer than a block of bytes";
        let mut shape = description(&[2, 12, 0, 0, 3]);
        for name in ["<", long, "z"] {
            shape.extend(description(&[1, 1, name.len() as u32]));
            shape.extend(name.as_bytes());
        }
        shape.extend(description(&[0, 0, 0, 0]));
        let shape = Shape::new(&shape).unwrap();
        for (words, want) in [
            (&[1, 1, 1, 0, 1, 1][..], format!(r#"{{"<":true,"{long}":false,"z":true}}"#)),
            (&[0, 1, 0, 0], format!(r#"{{"{long}":false}}"#)),
            (&[0, 0, 0], "{}".into()),
        ] {
            assert_eq!(encoded(&shape, words, b""), Ok(want.clone()));
            for capacity in 0..want.len() + 64 {
                let mut output = vec![MaybeUninit::uninit(); capacity];
                let got = encode(&shape, words, b"", EncodeOptions::default(), &mut output);
                assert_eq!(got.is_ok(), capacity >= want.len());
            }
        }
        let mut output = [MaybeUninit::uninit(); 64];
        let html = EncodeOptions { escape_html: true, ..EncodeOptions::default() };
        assert_eq!(encode(&shape, &[1, 1, 0, 0], b"", html, &mut output), Ok(15));
    }
}
