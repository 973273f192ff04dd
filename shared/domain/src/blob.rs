//! [`Blob`]: compressed bytes, the only form in which payloads, drafts, steps and transcripts rest.

use std::cell::RefCell;
use std::io::{self, Read};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zstd::bulk::Compressor;
use zstd::stream::read::Decoder;
use zstd::zstd_safe::{CParameter, DCtx, ResetDirective};

use crate::StoreError;

/// Level 1: 12 KB of webhook JSON shrink to a quarter in tens of microseconds; higher levels gain a
/// few per cent for several times the time.
const LEVEL: i32 = 1;

/// Inputs up to so many bytes are small, as most webhooks are. For them, the compressor looks for matches of 7 bytes
/// and more, in a table of 16 KB that stays in the fastest cache: a seventh less time, and results 3 % larger. Longer
/// texts would grow by 7 %.
const SMALL: usize = 16 << 10;

/// Nothing that is stored is larger than this once unpacked: ingest takes 4 MB, a transcript is
/// bounded by the model's context. Guards against a corrupt or foreign frame.
const MAX_UNPACKED: u64 = 64 << 20;

/// A compressor for small inputs and one for all others.
type Compressors = [Option<Compressor<'static>>; 2];

thread_local! {
    /// Kept, because making their tables costs as much as compressing a webhook with them. What they
    /// write depends on the bytes alone, not on what they have compressed before.
    static COMPRESSORS: RefCell<Compressors> = const { RefCell::new([None, None]) };
    /// Kept likewise: a page of the console unpacks a hundred drafts.
    static DECOMPRESSOR: RefCell<Option<DCtx<'static>>> = const { RefCell::new(None) };
}

/// Zstandard-compressed bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blob(Vec<u8>);

/// Stored bytes that cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// Not a Zstandard frame, or a damaged one.
    #[error("stored bytes cannot be unpacked: {0}")]
    Damaged(#[from] std::io::Error),
    /// Larger than anything we store.
    #[error("stored bytes unpack to more than {MAX_UNPACKED} bytes")]
    TooLarge,
}

fn compressor(small: bool) -> Result<Compressor<'static>, BlobError> {
    let mut compressor = Compressor::new(LEVEL)?;
    if small {
        compressor.set_parameter(CParameter::HashLog(12))?;
        compressor.set_parameter(CParameter::MinMatch(7))?;
    }
    Ok(compressor)
}

impl Blob {
    /// Compresses `bytes`.
    ///
    /// # Errors
    /// When the compressor cannot get its memory.
    pub fn pack(bytes: &[u8]) -> Result<Self, BlobError> {
        let small = bytes.len() <= SMALL;
        COMPRESSORS.with_borrow_mut(|kept| {
            let compressor = match &mut kept[usize::from(small)] {
                Some(compressor) => compressor,
                none => none.insert(compressor(small)?),
            };
            Ok(Self(compressor.compress(bytes)?))
        })
    }

    /// Takes bytes that were compressed before, as a store returns them.
    #[must_use]
    pub fn from_packed(packed: Vec<u8>) -> Self {
        Self(packed)
    }

    /// The compressed bytes.
    #[must_use]
    pub fn packed(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as they were before [`Blob::pack`].
    ///
    /// # Errors
    /// [`BlobError`] when the bytes are damaged or unpack to more than we ever store.
    pub fn unpack(&self) -> Result<Vec<u8>, BlobError> {
        let mut bytes = Vec::new();
        DECOMPRESSOR.with_borrow_mut(|kept| {
            let context = match kept {
                Some(context) => context,
                None => kept.insert(DCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?),
            };
            // A damaged frame before this one may have left it half-way.
            context.reset(ResetDirective::SessionOnly).map_err(|_| io::ErrorKind::Other)?;
            Decoder::with_context(self.0.as_slice(), context).take(MAX_UNPACKED + 1).read_to_end(&mut bytes)
        })?;
        if bytes.len() as u64 > MAX_UNPACKED { Err(BlobError::TooLarge) } else { Ok(bytes) }
    }

    /// The text that it was before [`Blob::pack`].
    ///
    /// # Errors
    /// As [`Blob::unpack`]; bytes that are no UTF-8 are damaged.
    pub fn text(&self) -> Result<String, BlobError> {
        String::from_utf8(self.unpack()?)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error).into())
    }

    /// Packs `value` as JSON, for `operation`.
    ///
    /// # Errors
    /// When it cannot be written as JSON, or packed.
    pub fn of_json(operation: &'static str, value: &impl Serialize) -> Result<Self, StoreError> {
        let json = serde_json::to_vec(value).map_err(|error| StoreError::broken(operation, error))?;
        Self::pack(&json).map_err(|error| StoreError::broken(operation, error))
    }

    /// Reads the value that [`Blob::of_json`] has packed.
    ///
    /// # Errors
    /// When the bytes are damaged, or no such value.
    pub fn json<T: DeserializeOwned>(&self, operation: &'static str) -> Result<T, StoreError> {
        let json = self.unpack().map_err(|error| StoreError::broken(operation, error))?;
        serde_json::from_slice(&json).map_err(|error| StoreError::broken(operation, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_survive(bytes: Vec<u8>) {
            prop_assert_eq!(Blob::pack(&bytes).unwrap().unpack().unwrap(), bytes);
        }

        #[test]
        fn foreign_bytes_are_an_error_and_no_panic(bytes: Vec<u8>) {
            let _ = Blob::from_packed(bytes).unpack();
        }
    }

    #[test]
    fn what_is_written_depends_on_the_bytes_alone() {
        let text = |words: usize| "the compressor is kept between calls; ".repeat(words).into_bytes();
        let (small, large) = (text(100), text(1_000));
        assert!(small.len() <= SMALL && large.len() > SMALL);
        let first = (Blob::pack(&small).unwrap(), Blob::pack(&large).unwrap());
        assert_eq!((Blob::pack(&small).unwrap(), Blob::pack(&large).unwrap()), first);
    }

    #[test]
    fn what_is_unpacked_depends_on_the_bytes_alone() {
        let text = "unpacked after something that cannot be; ".repeat(1_000).into_bytes();
        let sound = Blob::pack(&text).unwrap();
        for cut in [1, 8, sound.packed().len() / 2, sound.packed().len() - 1] {
            let damaged = Blob::from_packed(sound.packed()[..cut].to_vec());
            assert!(matches!(damaged.unpack(), Err(BlobError::Damaged(_))), "{cut}");
            assert_eq!(sound.unpack().unwrap(), text, "after {cut}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_damaged_text() {
        assert_eq!(Blob::pack("é".as_bytes()).unwrap().text().unwrap(), "é");
        assert!(matches!(Blob::pack(&[0xff]).unwrap().text(), Err(BlobError::Damaged(_))));
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = Blob::pack(&vec![0; usize::try_from(MAX_UNPACKED).unwrap() + 1]).unwrap();
        assert!(matches!(bomb.unpack(), Err(BlobError::TooLarge)));
    }
}
