//! Many values that follow one another in a text.

use std::iter::FusedIterator;
use std::marker::PhantomData;

use serde::Deserialize;

use super::de::Deserializer;
use super::error::CodecError;

/// Reads the values of a text one after the other, as [`Deserializer::into_iter`] has it. It ends after the first error.
///
/// ```
/// use tandem::json::Deserializer;
///
/// let mut numbers = Deserializer::from_str("1 2\n[3]").into_iter::<u8>();
/// assert_eq!(numbers.next().transpose()?, Some(1));
/// assert_eq!(numbers.next().transpose()?, Some(2));
/// assert_eq!(numbers.byte_offset(), 3);
/// let error = numbers.next().unwrap().unwrap_err();
/// assert_eq!(error.to_string(), "invalid type: sequence, expected u8 at line 2 column 1");
/// assert!(numbers.next().is_none());
/// # Ok::<(), tandem::json::CodecError>(())
/// ```
pub struct Values<'de, T> {
    deserializer: Deserializer<'de>,
    offset: usize,
    failed: bool,
    value: PhantomData<fn() -> T>,
}

impl<'de, T: Deserialize<'de>> Values<'de, T> {
    pub(super) fn new(deserializer: Deserializer<'de>) -> Self {
        let offset = deserializer.place().1;
        Values { deserializer, offset, failed: false, value: PhantomData }
    }

    /// How many bytes of the text were read by now. After an error, the bytes before the value that it is about.
    pub fn byte_offset(&self) -> usize {
        self.offset
    }
}

impl<'de, T: Deserialize<'de>> Iterator for Values<'de, T> {
    type Item = Result<T, CodecError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        self.offset = self.deserializer.skip_whitespace();
        let result = self.deserializer.next_value();
        let (text, at) = self.deserializer.place();
        match result {
            Some(Err(error)) => {
                self.failed = true;
                Some(Err(error.within(text)))
            }
            result => {
                self.offset = at;
                result
            }
        }
    }
}

impl<'de, T: Deserialize<'de>> FusedIterator for Values<'de, T> {}
