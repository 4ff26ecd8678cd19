//! Decoding a value of which more and more is there. Where its text ends, the way to that place is written down: which arrays and
//! objects are open, and how many elements each has. The next call goes down the same way and on from there, so that each element is
//! decoded once, save for the last one of each part.

use std::mem::MaybeUninit;

use super::super::index::{Places, Tokens};
use super::super::scan::Cursor;
use super::super::shape::{Kind, Members, Shape};
use super::super::walk::Walk;
use super::{
    DecodeError, DecodeOptions, Decoder, END, LOOSE, MAX_SHAPE_DEPTH, Numbers, Result, Stop,
};

/// How far a value is decoded. All zeros is the start; no contents are invalid, so that the memory may be a caller's.
#[repr(C)]
#[derive(Clone)]
pub struct Progress {
    /// Where in the text to go on: at a bracket that opens, or where no token goes on.
    pub at: u64,
    /// How many words everything before is decoded to.
    pub words: u64,
    /// To how many bytes.
    pub strings: u64,
    counts: [u64; 2],
    /// How many arrays and objects are open there.
    depth: u32,
    /// How many are to be entered again.
    entering: u32,
    open: [Open; MAX_SHAPE_DEPTH],
}

/// An array or object.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    /// Its head.
    place: u32,
    bracket: u32,
    /// How many elements are decoded as a whole; of numbers, their payload. Of members with known names it is the number of the last one, or of
    /// that with the next open array or object, plus [`KNOWN`].
    count: u32,
}

/// 0 says that there was no member, and 1 that there was none with a known name.
const KNOWN: usize = 2;

impl Default for Progress {
    fn default() -> Self {
        Progress {
            at: 0,
            words: 0,
            strings: 0,
            counts: [0; 2],
            depth: 0,
            entering: 0,
            open: [Open::default(); MAX_SHAPE_DEPTH],
        }
    }
}

/// Decodes the array or object that `text` begins with, or goes on decoding it, to the offset of its end and its run. The text is the
/// same as in the last call, and what followed meanwhile; the buffers hold what they did, and may be larger.
///
/// After an error other than `Incomplete` and `Full`, and after the value's end, the next call begins anew. Other values are
/// a mismatch.
///
/// # Safety
/// So many words and bytes of the buffers as `progress` says were written.
pub unsafe fn decode_part(
    shape: &Shape,
    text: &[u8],
    options: DecodeOptions,
    progress: &mut Progress,
    words: &mut [MaybeUninit<u64>],
    strings: &mut [MaybeUninit<u8>],
) -> Result<(), DecodeError> {
    progress.entering = std::mem::take(&mut progress.depth);
    let begun = progress.entering > 0;
    if !begun {
        (progress.at, progress.words, progress.strings) = (0, 0, 0);
    }
    let fits = progress.at <= text.len() as u64
        && progress.words <= words.len() as u64
        && progress.strings <= strings.len() as u64
        && progress.entering as usize <= MAX_SHAPE_DEPTH
        && progress.open[..progress.entering as usize]
            .iter()
            .all(|open| u64::from(open.place) < progress.words);
    if !fits || options.borrow || i32::try_from(text.len()).is_err() {
        return Err(DecodeError::Mismatch(0));
    }
    let mut places = Places::new();
    let tokens = Tokens::new(text, &mut places);
    let mut decoder = Decoder::<_, false, true>::new(shape, tokens, options, words, strings);
    // SAFETY: the caller's promise; they fit.
    unsafe {
        decoder.words.advance(progress.words as usize);
        decoder.strings.advance(progress.strings as usize);
    }
    decoder.counts = progress.counts;
    decoder.progress = Some(progress);
    let result = decoder.part(begun).map_err(|stop| {
        let other = matches!(stop, Stop::Invalid)
            && begun
            && !decoder.tokens.lacks_more()
            && Cursor::new(text).skip_value(0).is_ok();
        // A right text is not that which `progress` is of.
        if other { DecodeError::Mismatch(0) } else { decoder.error_of_first_value(stop) }
    });
    let (words, strings) = (decoder.words.len() as u64, decoder.strings.len() as u64);
    match result {
        Ok(end) => (progress.at, progress.words, progress.strings) = (end as u64, words, strings),
        Err(_) if progress.depth == 0 => progress.at = 0,
        Err(_) => {}
    }
    result.map(drop)
}

/// A place to go on from, in an array or object.
#[derive(Clone, Copy)]
struct Mark {
    /// That of its [`Open`].
    count: usize,
    at: usize,
    words: usize,
    strings: usize,
    counts: [u64; 2],
}

impl<'a> Decoder<'a, Tokens<'a>, false, true> {
    /// Decodes the value, behind a word that says where it ends; returns where.
    fn part(&mut self, begun: bool) -> Result<usize> {
        let start = if self.options.count { 3 } else { 1 };
        if !begun {
            self.tokens.begin()?;
            if matches!(self.tokens.byte(), b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') {
                return Err(self.mismatch());
            }
            for _ in 0..start {
                self.words.push(0)?;
            }
            self.counts = [0; 2];
        }
        self.value(self.shape.node(0), 0, 0)?;
        let end = self.tokens.end_before();
        let head = [end as u64, self.counts[0], self.counts[1]];
        self.words.written()[..start].copy_from_slice(&head[..start]);
        Ok(end)
    }
}

impl<'a, W: Walk<'a>, const BORROW: bool, const PARTS: bool> Decoder<'a, W, BORROW, PARTS> {
    /// The array or object of a depth, if it is to be entered again.
    #[inline(always)]
    fn entering(&self, depth: usize) -> Option<Open> {
        let progress = self.progress.as_ref().filter(|_| PARTS)?;
        (depth < progress.entering as usize).then(|| progress.open[depth])
    }

    /// Whether the value of a depth is an array or object that is open already.
    #[inline(always)]
    pub(super) fn is_open(&self, depth: usize) -> bool {
        self.entering(depth).is_some()
    }

    /// The first byte of the value at hand.
    #[inline(always)]
    pub(super) fn first_byte(&self, depth: usize) -> u8 {
        match self.entering(depth) {
            Some(open) => open.bracket as u8,
            None => self.tokens.byte(),
        }
    }

    /// Begins an array or object with a word, unless it is open already; returns the word's place.
    #[inline(always)]
    pub(super) fn open(&mut self, word: u64, depth: usize) -> Result<usize> {
        match self.entering(depth) {
            Some(open) => Ok(open.place as usize),
            None => Ok(self.words.push(word)?),
        }
    }

    /// Enters an array or object again, if it is open already; returns how many elements it has, and whether the next one is open, too.
    fn enter_again(&mut self, depth: usize) -> Result<(usize, bool)> {
        let Some(open) = self.entering(depth) else { return Ok((0, false)) };
        let Some(progress) = &mut self.progress else { return Ok((0, false)) };
        let inner = depth + 1 < progress.entering as usize;
        if !inner {
            progress.entering = 0;
            let at = progress.at as usize;
            self.tokens.begin_at(at)?;
        }
        Ok((open.count as usize, inner))
    }

    fn mark(&self, count: usize) -> Mark {
        Mark {
            count,
            at: self.tokens.at(),
            words: self.words.len(),
            strings: self.strings.len(),
            counts: self.counts,
        }
    }

    /// Writes down that an array or object is open, if there was too little of the text or of the buffers: with the mark to go on from, if
    /// none is within it.
    #[cold]
    fn pause(&mut self, stop: Stop, mark: Mark, place: usize, bracket: u8, depth: usize) -> Stop {
        let lacks_more = self.tokens.lacks_more();
        let Some(progress) = &mut self.progress else { return stop };
        if progress.depth == 0 {
            match stop {
                Stop::Full => {}
                Stop::Invalid if lacks_more => {}
                _ => return stop,
            }
            progress.at = mark.at as u64;
            progress.words = mark.words as u64;
            progress.strings = mark.strings as u64;
            progress.counts = mark.counts;
            progress.depth = depth as u32 + 1;
        }
        progress.open[depth] =
            Open { place: place as u32, bracket: bracket.into(), count: mark.count as u32 };
        stop
    }

    /// Whether what is within was paused.
    fn is_paused(&self) -> bool {
        self.progress.as_ref().is_some_and(|progress| progress.depth > 0)
    }

    #[inline(never)]
    pub(super) fn each_in_parts(
        &mut self,
        close: u8,
        place: usize,
        depth: usize,
        mut element: impl FnMut(&mut Self, bool) -> Result<()>,
    ) -> Result<usize> {
        let (mut count, mut open) = self.enter_again(depth)?;
        let mut mark = self.mark(count);
        loop {
            let more = match (open, count) {
                (true, _) => Ok(true),
                (_, 0) => self.enter(close, depth),
                _ => self.tokens.next_or(close).map_err(Stop::from),
            };
            let step = match more {
                Ok(true) => element(self, open).map(|()| true),
                end => end,
            };
            match step {
                Ok(true) => count += 1,
                Ok(false) => return Ok(count),
                Err(stop) => return Err(self.pause(stop, mark, place, close - 2, depth)),
            }
            // A number at the text's end may go on, but not what was open.
            if open || self.tokens.byte() != 0 {
                mark = self.mark(count);
            }
            open = false;
        }
    }

    #[inline(never)]
    pub(super) fn members_in_parts(
        &mut self,
        members: &'a Members,
        place: usize,
        depth: usize,
    ) -> Result<()> {
        let (mut last, mut open) = self.enter_again(depth)?;
        let mut mark = self.mark(last);
        loop {
            match self.member_in_parts(members, &mut last, open, depth) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(stop) => {
                    if self.is_paused() {
                        mark.count = last;
                    }
                    return Err(self.pause(stop, mark, place, b'{', depth));
                }
            }
            if open || self.tokens.byte() != 0 {
                mark = self.mark(last);
            }
            open = false;
        }
    }

    /// Decodes a member, or the value of one that is `open` already; tells whether there was any. `last` is the count of an [`Open`].
    fn member_in_parts(
        &mut self,
        members: &'a Members,
        last: &mut usize,
        open: bool,
        depth: usize,
    ) -> Result<bool> {
        let known = |last: usize| members.guesses.get(last.checked_sub(KNOWN)?);
        if !open {
            if *last > 0 && self.tokens.byte() != b',' {
                self.tokens.take(b'}')?;
                self.words.push(END)?;
                return Ok(false);
            }
            let next = known(*last).map_or(&members.first, |guess| &guess.next);
            let Some((number, _)) = self.next_member(members, next, depth)? else {
                *last = (*last).max(KNOWN - 1);
                return Ok(true);
            };
            *last = number + KNOWN;
        }
        let guess = known(*last).ok_or(Stop::Invalid)?;
        self.value(&self.shape.nodes[guess.node], (*last - KNOWN) as u64, depth + 1)?;
        Ok(true)
    }

    #[inline(never)]
    pub(super) fn numbers_in_parts(
        &mut self,
        kind: &Kind,
        place: usize,
        depth: usize,
    ) -> Result<usize> {
        const FLAG: usize = LOOSE as usize;
        let (payload, _) = self.enter_again(depth)?;
        // Numbers are read from a token, which there is not if something is open within them, or the text ends here.
        if self.tokens.byte() == 0 {
            return Err(Stop::Invalid);
        }
        let integers = kind.integers();
        let (count, loose) = (payload & !FLAG, payload & FLAG != 0);
        let mut numbers = Numbers { first: place + 1, count, loose };
        loop {
            // Other than in arrays of other values, it is at the next number.
            let mut mark = self.mark(numbers.payload());
            let before = numbers;
            let step = match before.count {
                0 => self.enter(b']', depth),
                _ => Ok(true),
            };
            let step = step.and_then(|more| match more {
                true => self.some_numbers(kind, integers, &mut numbers),
                false => Ok(false),
            });
            match step {
                Ok(true) => {}
                Ok(false) => return Ok(numbers.payload()),
                Err(stop) => {
                    if numbers.loose && !before.loose {
                        mark.count |= FLAG;
                        mark.words = before.first + 2 * before.count; // where they are now
                    }
                    return Err(self.pause(stop, mark, place, b'[', depth));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::index::with_each_kernel;
    use super::super::super::short::tests::shape;
    use super::super::decode_values;
    use super::*;

    type Run = Result<(Vec<u64>, Vec<u8>), DecodeError>;

    const TEXT: &str = r#" { "a" : -12345 , "unknown":{"x":[1,{}]},"b":"x\n\u20aCy", "c":0.5e-7,"d":true,"e":[1,-2.5,null,3],
        "f":{"ä":"","\"":null,"z":"z"},"g":[{"raw": 1 }],"i":{"j":[1,2,3],"k":[{},{"a":1},null,{"h":[[[]],{"y":{"z":[false,"é"]}},
        12,null]}]},"ä":{"1":2,"-30000":4},"\"":"7","h":{"w":[{"a":null}],"v":""},"j":[1,22,333,4444,55555,666666,7,8,9,10,11,12],"k":[],
        "k":[{"j":[null,1,2,null]},{"J":[],"nothing":"x","f":{}}], "i" :{} , "last":0 } "#;

    fn whole(shape: &Shape, text: &[u8], options: DecodeOptions) -> Run {
        let mut words = vec![MaybeUninit::new(0); text.len() + 16];
        let mut strings = vec![MaybeUninit::new(0); 3 * text.len()];
        let values = decode_values(shape, text, options, false, 0, &mut words, &mut strings)?;
        Ok((written(&words, values.words), written(&strings, values.strings)))
    }

    fn written<T: Copy>(buffer: &[MaybeUninit<T>], count: usize) -> Vec<T> {
        // SAFETY: all of it was written when it was made.
        buffer[..count].iter().map(|element| unsafe { element.assume_init() }).collect()
    }

    /// Decodes a text of which first as much is there as the first of `ends` says, and so on. The buffers are as small as can be,
    /// and what is behind their contents changes.
    fn in_parts(shape: &Shape, text: &[u8], options: DecodeOptions, ends: &[usize]) -> Run {
        let mut progress = Progress::default();
        let (mut words, mut strings) = (vec![], vec![]);
        let (mut end, ends) = ends.split_first().unwrap();
        let mut ends = ends.iter();
        loop {
            // SAFETY: what was written is still there.
            let result = unsafe {
                let text = &text[..*end];
                decode_part(shape, text, options, &mut progress, &mut words, &mut strings)
            };
            let (word_count, string_count) = (progress.words as usize, progress.strings as usize);
            let more = match result {
                Ok(()) => {
                    return Ok((written(&words, word_count), written(&strings, string_count)));
                }
                Err(DecodeError::Incomplete) => {
                    end = ends.next().ok_or(DecodeError::Incomplete)?;
                    0
                }
                Err(DecodeError::Full) => 1,
                Err(error) => return Err(error),
            };
            let (word_room, string_room) = (words.len() + 3 * more, strings.len() + 7 * more);
            words.truncate(word_count);
            strings.truncate(string_count);
            words.resize(word_room, MaybeUninit::new(0xAAAA));
            strings.resize(string_room, MaybeUninit::new(0xAA));
        }
    }

    fn shapes() -> [Shape; 2] {
        let any = [1_u32, 9, 0, 0, 0].map(u32::to_le_bytes).concat();
        [shape(), Shape::new(&any).unwrap()]
    }

    #[test]
    fn runs_are_those_of_whole_texts() {
        let text = TEXT.as_bytes();
        for count in [false, true] {
            let options = DecodeOptions { count, ..DecodeOptions::default() };
            for shape in &shapes() {
                let run = whole(shape, text, options);
                assert!(run.is_ok());
                with_each_kernel(|_| {
                    for end in 0..text.len() {
                        let ends = [end, text.len()];
                        assert_eq!(in_parts(shape, text, options, &ends), run, "one cut {end}");
                    }
                    for step in 1..60 {
                        let ends: Vec<_> =
                            (0..text.len()).step_by(step).chain([text.len()]).collect();
                        assert_eq!(in_parts(shape, text, options, &ends), run, "{step}");
                    }
                });
            }
        }
    }

    /// What is wrong is found with the part that has it, as if that were the first.
    #[test]
    fn errors_are_those_of_whole_texts() {
        let options = DecodeOptions::default();
        let text = TEXT.as_bytes();
        let mut found = [0; 3];
        for shape in &shapes() {
            for place in 2..text.len() {
                for byte in *b"{}[],:\"x1n \\\0" {
                    let mut text = text.to_vec();
                    text[place] = byte;
                    // Before it, behind it, and at the end.
                    for end in [place.saturating_sub(5), place, place + 1, place + 9] {
                        let end = end.min(text.len());
                        let expected = match whole(shape, &text[..end], options) {
                            Err(DecodeError::Incomplete) => whole(shape, &text, options),
                            ended => ended,
                        };
                        found[match expected {
                            Ok(_) => 0,
                            Err(DecodeError::Syntax(_)) => 1,
                            Err(_) => 2,
                        }] += 1;
                        let ends = [end, text.len()];
                        assert_eq!(
                            in_parts(shape, &text, options, &ends),
                            expected,
                            "{end} {}",
                            text.escape_ascii()
                        );
                    }
                }
            }
        }
        assert!(found.into_iter().all(|count| count > 1000), "{found:?}");
    }

    /// However long a value is, little of it is looked at twice.
    #[test]
    fn parts_go_on_close_to_where_the_text_ended() {
        let [_, any] = shapes();
        let numbers = [2_u32, 10, 0, 1, 0, 1, 0, 64, 0].map(u32::to_le_bytes).concat();
        let numbers = Shape::new(&numbers).unwrap();
        let deep = format!("{}[{}", "[{\"a\":".repeat(50), "[{}],".repeat(1000));
        let flat = format!("[{}", "12345,".repeat(10_000));
        for (shape, text) in [(&any, &deep), (&any, &flat), (&numbers, &flat)] {
            let mut progress = Progress::default();
            let (mut words, mut strings) =
                (vec![MaybeUninit::new(0); text.len()], vec![MaybeUninit::new(0); text.len()]);
            // SAFETY: nothing was written yet.
            let result = unsafe {
                let (text, options) = (text.as_bytes(), DecodeOptions::default());
                decode_part(shape, text, options, &mut progress, &mut words, &mut strings)
            };
            assert_eq!(result, Err(DecodeError::Incomplete));
            assert!(progress.at as usize + 10 > text.len(), "{}", progress.at);
        }
    }

    #[test]
    fn any_progress_is_safe() {
        let text = TEXT.as_bytes();
        for shape in &shapes() {
            for end in (0..text.len()).step_by(7) {
                let mut progress = Progress::default();
                let (mut words, mut strings) =
                    ([MaybeUninit::new(u64::MAX); 600], [MaybeUninit::new(0xFF); 600]);
                let mut call = |progress: &mut Progress, end: usize| {
                    let (text, options) = (&text[..end], DecodeOptions::default());
                    // SAFETY: all of it was written when it was made.
                    unsafe { decode_part(shape, text, options, progress, &mut words, &mut strings) }
                };
                assert_eq!(call(&mut progress, end), Err(DecodeError::Incomplete));
                // Deeper than what is there, with numbers around.
                let mut deeper = progress.clone();
                deeper.depth += 1;
                let _ = call(&mut deeper, text.len());
                let _ =
                    call(&mut Progress { at: text.len() as u64, ..progress.clone() }, text.len());
                for number in 0..=progress.depth as usize {
                    for value in [0, 1, 2, 3, 1 << 31, u32::MAX] {
                        let change: [fn(&mut Open, u32); 3] = [
                            |open, value| open.place = value,
                            |open, value| open.bracket = value,
                            |open, value| open.count = value,
                        ];
                        for change in change {
                            let mut progress = progress.clone();
                            change(&mut progress.open[number], value);
                            let _ = call(&mut progress, text.len());
                        }
                    }
                }
            }
        }
    }
}
