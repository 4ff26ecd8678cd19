//! Shapes: what a decoded or encoded value looks like, described once and then used for every text.
//!
//! A shape is a list of nodes; the first is the root, and nodes refer to each other by number, so that
//! types may be recursive. docs/run.md has the format of descriptions.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::simd;
use super::steps::Steps;

/// The kind of a node, and what belongs to it. As a byte of its own the kind is told without looking at what belongs to it.
#[derive(Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    Bool,
    Int { bits: u32 },
    Uint { bits: u32 },
    Float32,
    Float64,
    String,
    Bytes,
    Number,
    Raw,
    Text,
    Any,
    Array { element: usize },
    Map { names: Names, element: usize },
    Struct(Members),
    Optional { element: usize },
    Null,
}

impl Kind {
    /// The least and the greatest integer of a kind of these, as far as they fit.
    #[inline(always)]
    pub(crate) fn integers(&self) -> Option<(i64, i64)> {
        match *self {
            Kind::Int { bits } => Some((i64::MIN >> (64 - bits), i64::MAX >> (64 - bits))),
            Kind::Uint { bits } => Some((0, i64::MAX >> (63 - bits.min(63)))),
            _ => None,
        }
    }

    /// Whether a float is in single precision.
    #[inline(always)]
    pub(crate) fn single(&self) -> Option<bool> {
        match self {
            Kind::Float32 => Some(true),
            Kind::Float64 => Some(false),
            _ => None,
        }
    }
}

/// What the names of an object's members are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Names {
    Strings,
    Ints { bits: u32 },
    Uints { bits: u32 },
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// The value stands inside a JSON string.
    pub(crate) quoted: bool,
}

impl Node {
    #[inline(always)]
    pub(crate) fn is_float(&self) -> bool {
        self.kind.single().is_some() && !self.quoted
    }
}

/// The form of a value; see the module's documentation.
///
/// Usable from many threads at once, and immutable but for what it expects of texts.
#[derive(Debug)]
pub struct Shape {
    pub(crate) nodes: Vec<Node>,
    /// What encoding needs to know, made when it first does; with HTML escapes in the second.
    steps: [OnceLock<Steps>; 2],
}

/// Why a description of a shape was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeError {
    /// What is wrong.
    pub message: &'static str,
    /// Byte offset into the description.
    pub offset: usize,
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {} of the shape", self.message, self.offset)
    }
}

impl std::error::Error for ShapeError {}

impl Shape {
    /// Reads a description.
    pub fn new(description: &[u8]) -> Result<Self, ShapeError> {
        let mut reader = Reader { bytes: description, at: 0 };
        let count = reader.number()?;
        // Each node takes 16 bytes, so that a lying count can't make us allocate.
        if count == 0 || count > reader.rest() / 16 {
            return Err(reader.error("wrong number of nodes"));
        }
        let mut nodes = Vec::with_capacity(count);
        for _ in 0..count {
            nodes.push(reader.node(count)?);
        }
        if reader.rest() > 0 {
            return Err(reader.error("data after the last node"));
        }
        let mut shape = Shape { nodes, steps: Default::default() };
        if (0..count).any(|node| shape.is_endless(node)) {
            return Err(reader.error("value or null of nothing but itself"));
        }
        shape.resolve();
        Ok(shape)
    }

    /// The node of that number, or that of the value in it if it is optional.
    #[inline(always)]
    pub(crate) fn node(&self, number: usize) -> &Node {
        let mut node = &self.nodes[number];
        while let Kind::Optional { element } = node.kind {
            node = &self.nodes[element];
        }
        node
    }

    /// Follows optional nodes for all members, so that decoding need not.
    fn resolve(&mut self) {
        for number in 0..self.nodes.len() {
            let Kind::Struct(members) = &self.nodes[number].kind else { continue };
            let mut nodes: Vec<usize> = members.list.iter().map(|member| member.node).collect();
            for node in &mut nodes {
                while let Kind::Optional { element } = self.nodes[*node].kind {
                    *node = element;
                }
            }
            if let Kind::Struct(members) = &mut self.nodes[number].kind {
                for (guess, node) in members.guesses.iter_mut().zip(nodes) {
                    guess.node = node;
                }
            }
        }
    }

    /// What encoding needs to know.
    #[inline(always)]
    pub(crate) fn steps(&self, escape_html: bool) -> &Steps {
        self.steps[usize::from(escape_html)].get_or_init(|| Steps::of(&self.nodes, escape_html))
    }

    /// Whether a node only ever leads to other optional ones.
    fn is_endless(&self, mut node: usize) -> bool {
        for _ in 0..=self.nodes.len() {
            match self.nodes[node].kind {
                Kind::Optional { element } => node = element,
                _ => return false,
            }
        }
        true
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn error(&self, message: &'static str) -> ShapeError {
        ShapeError { message, offset: self.at }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ShapeError> {
        if length > self.rest() {
            return Err(self.error("description ends too early"));
        }
        let taken = &self.bytes[self.at..self.at + length];
        self.at += length;
        Ok(taken)
    }

    fn number(&mut self) -> Result<usize, ShapeError> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    }

    fn reference(&self, node: usize, count: usize) -> Result<usize, ShapeError> {
        if node < count {
            Ok(node)
        } else {
            Err(self.error("reference to a node that is not there"))
        }
    }

    fn node(&mut self, count: usize) -> Result<Node, ShapeError> {
        let kind = self.number()?;
        let flags = self.number()?;
        let a = self.number()?;
        let b = self.number()?;
        let bits = a as u32;
        let integer = matches!(bits, 8 | 16 | 32 | 64);
        let kind = match kind {
            0 => Kind::Bool,
            1 if integer => Kind::Int { bits },
            2 if integer => Kind::Uint { bits },
            3 if bits == 32 => Kind::Float32,
            3 if bits == 64 => Kind::Float64,
            4 => Kind::String,
            5 => Kind::Bytes,
            6 => Kind::Number,
            7 => Kind::Raw,
            8 => Kind::Text,
            9 => Kind::Any,
            10 => Kind::Array { element: self.reference(a, count)? },
            11 => {
                let names = match b as u32 {
                    0 => Names::Strings,
                    bits @ (8 | 16 | 32 | 64) => Names::Ints { bits },
                    bits @ (264 | 272 | 288 | 320) => Names::Uints { bits: bits - 256 },
                    _ => return Err(self.error("unknown kind of names")),
                };
                Kind::Map { names, element: self.reference(a, count)? }
            }
            12 => Kind::Struct(self.members(b, count)?),
            13 => Kind::Optional { element: self.reference(a, count)? },
            14 => Kind::Null,
            _ => return Err(self.error("unknown kind of node")),
        };
        Ok(Node { kind, quoted: flags & 1 != 0 })
    }

    fn members(&mut self, length: usize, count: usize) -> Result<Members, ShapeError> {
        if length > self.rest() / 12 {
            return Err(self.error("wrong number of fields"));
        }
        let mut list = Vec::with_capacity(length);
        for _ in 0..length {
            let node = self.number()?;
            let node = self.reference(node, count)?;
            let optional = self.number()? & 1 != 0;
            let name_length = self.number()?;
            list.push(Member::new(self.take(name_length)?, node, optional));
        }
        Ok(Members::new(list))
    }
}

/// A known member of an object.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: Box<[u8]>,
    folded: Box<[u8]>,
    /// The first bytes of the name and the quote behind it, if a text has the name without escapes.
    start: Option<u128>,
    folded_start: u128,
    pub(crate) node: usize,
    /// The member may be left out on encoding.
    pub(crate) optional: bool,
}

impl Member {
    fn new(name: &[u8], node: usize, optional: bool) -> Self {
        let folded = fold(name).0;
        let plain = !name.iter().any(|byte| matches!(byte, b'"' | b'\\'));
        Member {
            name: name.into(),
            start: plain.then(|| block(name)),
            folded_start: block(&folded),
            folded: folded.into(),
            node,
            optional,
        }
    }
}

/// What there is to know of a member that is expected next.
#[derive(Debug)]
pub(crate) struct Guess {
    /// The name between quotes: the first sixteen bytes and the next, and masks that cover them, save for the case of letters if
    /// that makes no difference.
    starts: [u128; 2],
    masks: [u128; 2],
    /// What comes then.
    rest: Box<[u8]>,
    /// How many bytes all of these are.
    pub(crate) length: usize,
    /// The member's node, or that of the value in it if it is optional.
    pub(crate) node: usize,
    /// Whether the name ends within the first sixteen bytes.
    short: bool,
    pub(crate) next: Next,
}

/// The number of the member that is expected behind another one, or first: the next in declaration order, until a text has
/// another one there. A guess, which changes no result: threads may see each other's at any time.
#[derive(Debug)]
pub(crate) struct Next(AtomicU32);

impl Next {
    fn new(number: usize) -> Self {
        Next(AtomicU32::new(number as u32))
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed) as usize
    }

    pub(crate) fn learn(&self, number: usize) {
        self.0.store(number as u32, Ordering::Relaxed);
    }
}

impl Guess {
    fn new(number: usize, member: &Member, any_case: bool) -> Self {
        let plain = member.start.is_some();
        let mut quoted = [b"\"", &*member.name, b"\""].concat();
        if !plain {
            quoted = b"\"\0\"".to_vec(); // which no text has that is JSON
        }
        let mut rest = &quoted[..];
        let mut next = || {
            let (bytes, after) = rest.split_at(rest.len().min(16));
            rest = after;
            let (block, mask) = padded(bytes);
            let small =
                u128::from_le_bytes(block.to_le_bytes().map(|byte| byte.to_ascii_lowercase()));
            (block, if any_case { mask & !case_bits(small) } else { mask })
        };
        let ((first, first_mask), (second, second_mask)) = (next(), next());
        Guess {
            starts: [first, second],
            masks: [first_mask, second_mask],
            rest: rest.into(),
            length: if plain { quoted.len() } else { usize::MAX / 2 },
            node: member.node,
            short: second_mask == 0,
            next: Next::new(number + 1),
        }
    }

    /// Whether a name whose opening quote is at `place` of `text` is the member's, without escapes, and, in long names, in the same case.
    #[inline(always)]
    pub(crate) fn stands_at(&self, text: &[u8], place: usize) -> bool {
        match text.get(place..).and_then(<[u8]>::first_chunk) {
            Some(first) => {
                (u128::from_le_bytes(*first) ^ self.starts[0]) & self.masks[0] == 0
                    && (self.short || self.goes_on_at(text, place + 16))
            }
            None => self.ends_at(text, place, 0),
        }
    }

    #[inline(always)]
    fn goes_on_at(&self, text: &[u8], place: usize) -> bool {
        let Some(second) = text.get(place..).and_then(<[u8]>::first_chunk) else {
            return self.ends_at(text, place, 1);
        };
        (u128::from_le_bytes(*second) ^ self.starts[1]) & self.masks[1] == 0
            && (self.rest.is_empty() || text[place + 16..].starts_with(&self.rest))
    }

    /// Whether the first or second block of the name is at `place`, where less than a block is left of the text, and is its last.
    #[cold]
    #[inline(never)]
    fn ends_at(&self, text: &[u8], place: usize, part: usize) -> bool {
        let last = if part == 0 { self.short } else { self.rest.is_empty() };
        last && (simd::last_block(text, place) ^ self.starts[part]) & self.masks[part] == 0
    }
}

/// The known members of an object, in order, and how to find them by name.
#[derive(Debug)]
pub(crate) struct Members {
    pub(crate) list: Vec<Member>,
    /// One for each, and which of them comes first.
    pub(crate) guesses: Vec<Guess>,
    pub(crate) first: Next,
    /// Open addressing: numbers of members by the hash of the case-folded name. A power of two long. Of equal ones the first is
    /// found first.
    table: Box<[u32]>,
    /// Whether names may differ in case only.
    alike: bool,
    /// Whether a name has letters beyond ASCII, whose case this module can't fold.
    beyond_ascii: bool,
}

/// No member.
const EMPTY: u32 = u32::MAX;

/// What a look-up by name found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Member(usize),
    Nothing,
    /// Only a full table of case folding could tell.
    Unknown,
}

impl Members {
    fn new(list: Vec<Member>) -> Self {
        let beyond_ascii = list.iter().any(|member| !member.name.is_ascii());
        let mut folds: Vec<_> = list.iter().map(|member| &member.folded).collect();
        folds.sort();
        let alike = beyond_ascii || folds.windows(2).any(|pair| pair[0] == pair[1]);
        let guess = |(number, member)| Guess::new(number, member, !alike);
        let mut table = vec![EMPTY; (list.len() * 2).next_power_of_two().max(2)];
        for (number, member) in list.iter().enumerate() {
            insert(&mut table, hash(&member.folded), number);
        }
        Members {
            guesses: list.iter().enumerate().map(guess).collect(),
            first: Next::new(0),
            list,
            table: table.into(),
            alike,
            beyond_ascii,
        }
    }

    /// [`find`](Self::find) for the text between the quotes of most names, `text[start..end]`: short ones in ASCII, without escapes.
    #[inline(always)]
    pub(crate) fn find_short(
        &self,
        text: &[u8],
        (start, end): (usize, usize),
        exact: bool,
    ) -> Option<Found> {
        let block = short_block(text, start, end)?;
        let not_backslash = (block ^ (ONES * b'\\' as u128)) + ONES * 0x7F;
        if !not_backslash & HIGH != 0 || block & HIGH != 0 {
            return None;
        }
        let folded = block & !case_bits(block);
        let find = |exact: bool| {
            self.look_up(hash_block(folded), |member| {
                member.folded_start == folded
                    && member.start.is_some_and(|start| !exact || start == block)
            })
        };
        Some(self.first_found(exact, find))
    }

    /// Finds the member of that name, else, unless it must be that `exact` one, the first whose name differs from it in case only.
    pub(crate) fn find(&self, name: &[u8], exact: bool) -> Found {
        // Most names are short and ASCII: fold them without allocating.
        let (mut short, long);
        let (folded, complete) = if name.len() <= 64 && name.is_ascii() {
            short = [0; 64];
            let short = &mut short[..name.len()];
            short.copy_from_slice(name);
            short.make_ascii_uppercase();
            (&*short, true)
        } else {
            long = fold(name);
            (&*long.0, long.1)
        };
        let hash = hash(folded);
        let find = |exact: bool| {
            self.look_up(hash, |member| {
                *member.folded == *folded && (!exact || *member.name == *name)
            })
        };
        if self.beyond_ascii && !complete && !exact {
            return find(true).map_or(Found::Unknown, Found::Member);
        }
        self.first_found(exact, find)
    }

    #[inline(always)]
    fn first_found(&self, exact: bool, find: impl Fn(bool) -> Option<usize>) -> Found {
        let mut found = find(exact || self.alike);
        if found.is_none() && self.alike && !exact {
            found = find(false);
        }
        found.map_or(Found::Nothing, Found::Member)
    }

    /// Goes through the members that may have a hash, until `is_it` says yes, or that there is none.
    #[inline(always)]
    fn look_up(&self, hash: usize, is_it: impl Fn(&Member) -> bool) -> Option<usize> {
        let mask = self.table.len() - 1;
        let mut slot = hash & mask;
        loop {
            let number = *self.table.get(slot)? as usize;
            if is_it(self.list.get(number)?) {
                return Some(number);
            }
            slot = (slot + 1) & mask;
        }
    }
}

fn insert(table: &mut [u32], hash: usize, number: usize) {
    let mask = table.len() - 1;
    let mut slot = hash & mask;
    while table[slot] != EMPTY {
        slot = (slot + 1) & mask;
    }
    table[slot] = number as u32;
}

/// A hash for tables of a few known names. The names are the program's own, so that nobody gains by
/// collisions; texts only look up.
fn hash(name: &[u8]) -> usize {
    match (name.first_chunk(), name.last_chunk()) {
        // Long names often begin alike.
        (Some(start), Some(end)) => {
            hash_block(u128::from_le_bytes(*start)) ^ hash_block(u64::from_le_bytes(*end).into())
        }
        _ => hash_block(block(name)),
    }
}

/// The block of a name that stands in a text, if it is short.
#[inline(always)]
fn short_block(text: &[u8], start: usize, end: usize) -> Option<u128> {
    let length = end - start;
    if length >= 16 {
        return None;
    }
    let block = match text[start..].first_chunk() {
        Some(block) => u128::from_le_bytes(*block),
        None => simd::last_block(text, start),
    };
    // With the closing quote, so that no other name begins alike.
    Some(block & u128::MAX >> (8 * (15 - length)))
}

#[inline(always)]
fn hash_block(block: u128) -> usize {
    let (low, high) = (block as u64, (block >> 64) as u64);
    let product = u128::from(low ^ high.rotate_left(29)) * 0x9E37_79B9_7F4A_7C15;
    ((product >> 64) ^ product) as usize
}

const ONES: u128 = u128::MAX / 0xFF;
const HIGH: u128 = ONES * 0x80;

/// The bits of a block, of bytes in ASCII, that tell small letters from capital ones.
#[inline(always)]
fn case_bits(block: u128) -> u128 {
    let letters =
        (block + ONES * (0x80 - b'a') as u128) & !(block + ONES * (0x7F - b'z') as u128) & HIGH;
    letters >> 2
}

/// The first 16 bytes of a name and the quote behind it, with zeros behind that.
fn block(name: &[u8]) -> u128 {
    padded(name.iter().chain(b"\"")).0
}

/// The first 16 of some bytes, with zeros behind them; and which of them there are.
fn padded<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> (u128, u128) {
    let (mut block, mut mask) = ([0; 16], [0; 16]);
    for ((byte, place), mask) in bytes.into_iter().zip(&mut block).zip(&mut mask) {
        (*place, *mask) = (*byte, 0xFF);
    }
    (u128::from_le_bytes(block), u128::from_le_bytes(mask))
}

/// Folds a name's case as `encoding/json` does for ASCII: upper case, with the two letters beyond ASCII
/// that fold to ASCII ones (U+017F to S, U+212A to K). Also tells whether that was all: no other letter
/// beyond ASCII is there.
fn fold(name: &[u8]) -> (Vec<u8>, bool) {
    let (mut folded, mut complete) = (Vec::with_capacity(name.len()), true);
    let mut rest = name;
    while let Some((&byte, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix("\u{17F}".as_bytes()) {
            folded.push(b'S');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("\u{212A}".as_bytes()) {
            folded.push(b'K');
            rest = after;
        } else {
            complete &= byte.is_ascii();
            folded.push(byte.to_ascii_uppercase());
            rest = after;
        }
    }
    (folded, complete)
}

#[cfg(test)]
mod tests {
    use std::mem::MaybeUninit;

    use super::super::decode::{DecodeOptions, decode};
    use super::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// The run of a text.
    fn run(shape: &Shape, text: &[u8]) -> Option<Vec<u64>> {
        let (mut words, mut strings) = ([MaybeUninit::new(0); 64], [MaybeUninit::new(0); 64]);
        let options = DecodeOptions::default();
        let (length, _) = decode(shape, text, options, &mut words, &mut strings).ok()?;
        // SAFETY: all words are initialised.
        Some(words[..length].iter().map(|word| unsafe { word.assume_init() }).collect())
    }

    fn members(names: &[&str]) -> Members {
        Members::new(names.iter().map(|name| Member::new(name.as_bytes(), 0, false)).collect())
    }

    #[test]
    fn finds_exact_names_before_folded_ones() {
        let members = members(&["id", "ID", "Name", "kelvin", "näme"]);
        for (name, want) in [
            ("id", Found::Member(0)),
            ("ID", Found::Member(1)),
            ("Id", Found::Member(0)),
            ("name", Found::Member(2)),
            ("\u{212A}ELVIN", Found::Member(3)),
            ("näme", Found::Member(4)),
            ("NÄME", Found::Unknown),
            // One before it might be the same but for the case of ä.
            ("Näme", Found::Unknown),
            ("nope", Found::Nothing),
            ("", Found::Nothing),
        ] {
            assert_eq!(members.find(name.as_bytes(), false), want, "{name}");
            let exact = members.list.iter().position(|member| *member.name == *name.as_bytes());
            let exact = exact.map_or(Found::Nothing, Found::Member);
            assert_eq!(members.find(name.as_bytes(), true), exact, "{name}");
            let text = format!("{{\"{name}\":12345678901234567}}");
            for text in [&text, &text[..name.len() + 3]] {
                let find = |exact| members.find_short(text.as_bytes(), (2, 2 + name.len()), exact);
                let seen = name.is_ascii().then_some((want, exact));
                assert_eq!(find(false).zip(find(true)), seen, "{name}");
            }
        }
    }

    #[test]
    fn guess_sees_its_name_and_no_other() {
        for length in 0..50 {
            let name = "abcdefghij".repeat(5)[..length].to_owned();
            let guess = &members(&[&name]).guesses[0];
            let quoted = format!("\"{name}\"");
            let text = format!("{{{quoted}:12345678901234567890123456789012");
            assert!(guess.stands_at(text.as_bytes(), 1), "{text}");
            for place in 1..=quoted.len() {
                let mut other = text.clone().into_bytes();
                other[place] ^= 1;
                assert!(!guess.stands_at(&other, 1), "{name}, byte {place}");
            }
            // Near the end of a text, too.
            for end in 0..text.len() {
                let seen = guess.stands_at(&text.as_bytes()[..end], 1);
                assert_eq!(seen, end > quoted.len(), "{name}, {end} bytes");
            }
        }
        // In another case, too, if no other name might be meant.
        let text = br#"{"nAmE":1, "name":2, "na-e":3, "nam":4}"#;
        for (names, want) in [
            (&["Name"][..], [true, true, false, false]),
            (&["Name", "naMe"], [false; 4]),
            (&["Name", "\u{E4}"], [false; 4]),
        ] {
            let guess = &members(names).guesses[0];
            assert_eq!(
                [1, 11, 21, 31].map(|place| guess.stands_at(text, place)),
                want,
                "{names:?}"
            );
        }
        for name in ["a\"b", "a\\b"] {
            let text = format!("{{\"{name}\":12345678901234567");
            assert!(!members(&[name]).guesses[0].stands_at(text.as_bytes(), 1));
        }
    }

    #[test]
    fn name_that_needs_escapes_is_not_guessed_where_there_is_none() {
        let description =
            [words(&[2, 12, 0, 0, 1, 1, 0, 3]), b"a\"b".to_vec(), words(&[1, 0, 64, 0])].concat();
        let shape = Shape::new(&description).unwrap();
        let decodes = |text: &[u8]| run(&shape, text).is_some();
        assert!(decodes(br#"{"a\"b":1                  }"#));
        assert!(!decodes(b"{\0:1                     }"));
        assert!(!decodes(b"{\"\0\":1                     }"));
    }

    #[test]
    fn order_of_members_is_learned_from_texts() {
        // An object whose members are an integer and an optional one.
        let description = [
            words(&[3, 12, 0, 0, 2, 1, 0, 1]),
            b"a".to_vec(),
            words(&[2, 0, 1]),
            b"b".to_vec(),
            words(&[1, 0, 64, 0, 13, 0, 1, 0]),
        ]
        .concat();
        let shape = Shape::new(&description).unwrap();
        let Kind::Struct(members) = &shape.nodes[0].kind else { panic!("no struct") };
        let order =
            || (members.first.get(), members.guesses[0].next.get(), members.guesses[1].next.get());
        let run = || run(&shape, br#"{"b":2,"a":1                     }"#).unwrap();
        assert_eq!(order(), (0, 1, 2));
        let first = run();
        assert_eq!(order(), (1, 1, 0));
        assert_eq!(run(), first);
        assert_eq!(order(), (1, 1, 0));
    }

    #[test]
    fn malformed_descriptions_are_refused() {
        for (description, message) in [
            (words(&[]), "description ends too early"),
            (words(&[0]), "wrong number of nodes"),
            (words(&[u32::MAX]), "wrong number of nodes"),
            (words(&[1, 99, 0, 0, 0]), "unknown kind of node"),
            (words(&[1, 1, 0, 12, 0]), "unknown kind of node"),
            (words(&[1, 10, 0, 1, 0]), "reference to a node that is not there"),
            (words(&[1, 12, 0, 0, 9]), "wrong number of fields"),
            (words(&[1, 12, 0, 0, 1, 0, 0, 5]), "description ends too early"),
            (words(&[1, 4, 0, 0, 0, 7]), "data after the last node"),
            (words(&[2, 13, 0, 1, 0, 13, 0, 0, 0]), "value or null of nothing but itself"),
        ] {
            assert_eq!(Shape::new(&description).unwrap_err().message, message);
        }
    }
}
