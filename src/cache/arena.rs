//! The memory of a cache: one stretch of addresses cut into segments, and mappings of their own for large entries.

use std::ops::{AddAssign, SubAssign};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{Ordering, fence};
use std::sync::{self, PoisonError};

use super::budget::{Budget, Credit};
use super::clock::NEVER;
use super::sync::{AtomicU64, Mutex, MutexGuard};
use super::words::{WORD, load, store};

/// Memory mapped from the system, zeroed, given back when dropped.
pub(super) struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: a mapping is memory like any other; who may access it is up to its users.
unsafe impl Send for Mapping {}
// SAFETY: as above; the mapping itself is never changed.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// What a mapping for `length` bytes takes from the system.
    pub(super) fn size(length: usize) -> usize {
        length.next_multiple_of(page_size())
    }

    /// Maps `length` bytes, a multiple of the page size above 0; None if the system refuses.
    pub(super) fn new(length: usize) -> Option<Self> {
        if is_kept(length)
            && let Some(start) = idle(length).pop()
        {
            // SAFETY: a mapping of that length was dropped, which left its address.
            return unsafe { Self::from_address(start, length) };
        }
        // Miri, which has no lack of memory, does not know the flag.
        let reserved_later = if cfg!(miri) { 0 } else { libc::MAP_NORESERVE };
        // SAFETY: a new anonymous mapping touches no memory in use.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | reserved_later,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return None;
        }
        if is_kept(length) {
            // A huge page would bring memory to neighbours that have given theirs back.
            // SAFETY: this is advice about the new mapping.
            unsafe { libc::madvise(start, length, libc::MADV_NOHUGEPAGE) };
        }
        NonNull::new(start.cast()).map(|start| Mapping { start, length })
    }

    /// Asks the system for all the memory at once, which takes less time than page by page. Linux before 5.14 does not know that.
    pub(super) fn populate(&self) {
        if cfg!(miri) {
            return; // which knows no advice
        }
        let start = self.start.as_ptr().cast();
        // SAFETY: this is advice about our mapping.
        unsafe { libc::madvise(start, self.length, libc::MADV_POPULATE_WRITE) };
    }

    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    pub(super) fn pages(&self) -> usize {
        self.length / PAGE
    }

    /// Makes the mapping `length` bytes long, a multiple of the page size above 0; what is new is zeroed. It may be elsewhere then. None if
    /// the system refuses: then it is as it was.
    pub(super) fn resize(&mut self, length: usize) -> Option<()> {
        if length != self.length {
            let start = self.start.as_ptr().cast();
            // SAFETY: the mapping is ours, and nothing borrows it.
            let start = unsafe { libc::mremap(start, self.length, length, libc::MREMAP_MAYMOVE) };
            if start == libc::MAP_FAILED {
                return None;
            }
            (self.start, self.length) = (NonNull::new(start.cast())?, length);
        }
        Some(())
    }

    /// Gives up ownership; `from_address` takes it back.
    pub(super) fn into_address(self) -> usize {
        let address = self.start.as_ptr().expose_provenance();
        std::mem::forget(self);
        address
    }

    /// # Safety
    /// `address` comes from `into_address` of a mapping of `length` bytes, and is used once.
    pub(super) unsafe fn from_address(address: usize, length: usize) -> Option<Self> {
        let start = NonNull::new(ptr::with_exposed_provenance_mut(address))?;
        Some(Mapping { start, length })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let (start, length) = (self.start.as_ptr().cast(), self.length);
        // SAFETY: the mapping is ours, and its owner says that nobody uses it any more.
        let empty = || unsafe { libc::madvise(start, length, libc::MADV_DONTNEED) } == 0;
        if is_kept(length) && empty() {
            let mut idle = idle(length);
            if idle.try_reserve(1).is_ok() {
                idle.push(self.start.as_ptr().expose_provenance());
                return;
            }
        }
        // SAFETY: as above.
        unsafe { libc::munmap(start, length) };
    }
}

/// Whether a mapping of `length` bytes is kept without memory when it is dropped, for the next one of that length. The system allows a
/// process so many pieces of mapped memory with holes between them (65,530), and each of many entries that is unmapped by itself is one.
fn is_kept(length: usize) -> bool {
    length / page_size() <= MOST_KEPT_PAGES && !cfg!(miri) // which knows no advice
}

const MOST_KEPT_PAGES: usize = 64;

/// The addresses of mappings of `length` bytes that are kept.
fn idle(length: usize) -> sync::MutexGuard<'static, Vec<usize>> {
    static IDLE: [sync::Mutex<Vec<usize>>; MOST_KEPT_PAGES + 1] =
        [const { sync::Mutex::new(Vec::new()) }; MOST_KEPT_PAGES + 1];
    IDLE[length / page_size()].lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn page_size() -> usize {
    // SAFETY: no requirements.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// Transparent huge pages are of this size on x86-64 and on aarch64 with 4 KiB pages.
const HUGE_PAGE: usize = 2 << 20;

/// The number of no segment.
pub(super) const NONE: u32 = u32::MAX;

/// Where an entry lies in the arena: its distance from the start, in granules. There is none at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Location(pub u32);

/// How much is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    /// Words in segments.
    pub words: usize,
    pub entries: usize,
    /// Of mappings, each [`PAGE`] bytes.
    pub pages: usize,
}

impl Amount {
    /// All the memory, in words.
    pub(super) fn memory(self) -> usize {
        self.words + self.pages * (PAGE / WORD)
    }
}

/// No system has smaller pages, or such as are no multiple of it.
pub(super) const PAGE: usize = 4096;

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.words += other.words;
        self.entries += other.entries;
        self.pages += other.pages;
    }
}

impl SubAssign for Amount {
    fn sub_assign(&mut self, other: Self) {
        self.words -= other.words;
        self.entries -= other.entries;
        self.pages -= other.pages;
    }
}

/// A segment in the log of a shard, whose lock is held. What is known of it lies at its start.
#[derive(Clone, Copy)]
pub(super) struct Segment<'a>(&'a [AtomicU64]);

impl Segment<'_> {
    /// Words of what is known of it.
    pub(super) const HEADER: usize = 4;

    /// Makes the segment an empty one that is the newest of a log. Its entries begin at the word `first`.
    pub(super) fn reset(self, first: usize) {
        self.set_next(NONE);
        self.set_filled(first);
        store(&self.0[2], packed(Amount::default()));
        self.set_earliest(NEVER);
    }

    /// The segment after this one in its log, or NONE.
    pub(super) fn next(self) -> u32 {
        load(&self.0[0]) as u32
    }

    pub(super) fn set_next(self, next: u32) {
        store(&self.0[0], load(&self.0[0]) & !0xFFFF_FFFF | u64::from(next));
    }

    /// The number of its log.
    pub(super) fn log(self) -> usize {
        (load(&self.0[0]) >> 32) as usize
    }

    pub(super) fn set_log(self, log: usize) {
        store(&self.0[0], load(&self.0[0]) & 0xFFFF_FFFF | (log as u64) << 32);
    }

    /// Words taken, from the start.
    pub(super) fn filled(self) -> usize {
        load(&self.0[1]) as usize
    }

    pub(super) fn set_filled(self, filled: usize) {
        store(&self.0[1], filled as u64);
    }

    /// What entries of the index take.
    pub(super) fn live(self) -> Amount {
        let live = load(&self.0[2]);
        let (words, entries) = (live as u16 as usize, (live >> 16) as u16 as usize);
        Amount { words, entries, pages: (live >> 32) as usize }
    }

    pub(super) fn add_live(self, more: Amount) {
        store(&self.0[2], load(&self.0[2]) + packed(more));
    }

    pub(super) fn remove_live(self, less: Amount) {
        store(&self.0[2], load(&self.0[2]) - packed(less));
    }

    /// Nothing in the segment expires before that.
    pub(super) fn earliest(self) -> u64 {
        load(&self.0[3])
    }

    pub(super) fn set_earliest(self, earliest: u64) {
        store(&self.0[3], earliest);
    }

    /// Words that no entry has taken.
    pub(super) fn room(self) -> usize {
        self.0.len() - self.filled()
    }
}

/// What a segment has, which is at most 8192 words, in one word: so sums are of words as well.
fn packed(amount: Amount) -> u64 {
    (amount.pages as u64) << 32 | (amount.entries as u64) << 16 | amount.words as u64
}

/// The segments. They are handed out from chunks of the size of a huge page, so that the system can grant these.
pub(super) struct Arena {
    mapping: Mapping,
    /// Bytes before the first segment.
    padding: usize,
    /// The words of a segment are 1 << this.
    segment_shift: u32,
    /// The words of a granule are 1 << this.
    granule_shift: u32,
    /// The words of all segments.
    length: usize,
    pool: Mutex<Pool>,
}

/// The segments that no shard has.
struct Pool {
    /// Those of which anything was ever handed out.
    chunks: Vec<Chunk>,
    most_chunks: usize,
    /// The chunks that have a free segment.
    with_free: Vec<u32>,
    /// Free segments that are paid for.
    spare: usize,
}

/// A bit for each segment of a chunk.
struct Chunk {
    free: u128,
    /// Paid for, and maybe in memory.
    held: u128,
}

impl Chunk {
    fn spare(&self) -> u128 {
        self.free & self.held
    }
}

/// The bits of `count` segments.
fn all(count: usize) -> u128 {
    u128::MAX >> (128 - count)
}

impl Arena {
    /// A segment is a 1024th of the limit, up to 64 KiB: few enough of them to be handled with little overhead, enough that
    /// those that are being filled are a small part.
    fn share(max_bytes: u64) -> usize {
        let share = usize::try_from(max_bytes / 1024).unwrap_or(usize::MAX).clamp(1, 64 << 10);
        (1 << share.ilog2()).max(page_size())
    }

    /// Sets addresses aside for as many segments as `reserve` has room for, a limit of `max_bytes` at first.
    pub(super) fn new(max_bytes: u64, reserve: u64) -> Option<Self> {
        let segment_bytes = Self::share(max_bytes);
        let chunk = (HUGE_PAGE / segment_bytes).min(128);
        let segments = usize::try_from(reserve).ok()? / segment_bytes;
        // Numbers of segments have 32 bits.
        let segments = segments.next_multiple_of(chunk).min((NONE as usize) / chunk * chunk);
        let length = segments.checked_mul(segment_bytes)?;
        let mapping = Mapping::new(length.checked_add(chunk * segment_bytes)?)?;
        let padding = mapping.start.as_ptr().align_offset(chunk * segment_bytes);
        let mut granule_shift = 0;
        while (length / WORD) >> granule_shift > u32::MAX as usize {
            granule_shift += 1;
        }
        let most_chunks = segments / chunk;
        let pool = Pool { chunks: Vec::new(), most_chunks, with_free: Vec::new(), spare: 0 };
        let segment_shift = (segment_bytes / WORD).ilog2();
        let pool = Mutex::new(pool);
        let length = length / WORD;
        let arena = Arena { mapping, padding, segment_shift, granule_shift, length, pool };
        // Where the system would take a huge page for whatever is touched first, the limit could not be kept.
        arena.advise(0, segments, libc::MADV_NOHUGEPAGE);
        Some(arena)
    }

    /// What the arena takes before it has handed out any segment, with all that it will need to know of them.
    pub(super) fn overhead(&self) -> usize {
        let pool = self.pool();
        pool.most_chunks * (size_of::<Chunk>() + size_of::<u32>())
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of the arena.
    pub(super) fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is as long as its padding and the segments, is zeroed or written in words, and stays
        // as long as `self`; words are aligned, because chunks are.
        unsafe {
            let start = self.mapping.start.add(self.padding).cast::<AtomicU64>();
            slice::from_raw_parts(start.as_ptr(), self.length)
        }
    }

    pub(super) fn segment_words(&self) -> usize {
        1 << self.segment_shift
    }

    pub(super) fn segment_bytes(&self) -> u64 {
        (WORD << self.segment_shift) as u64
    }

    pub(super) fn granule_shift(&self) -> u32 {
        self.granule_shift
    }

    /// Bytes that addresses were set aside for.
    pub(super) fn bytes(&self) -> u64 {
        (self.length * WORD) as u64
    }

    /// The most words that an entry among others may take: larger ones would leave too much of segments unused.
    pub(super) fn most_entry_words(&self) -> usize {
        self.segment_words() / 4
    }

    /// `words` rounded up to granules.
    pub(super) fn round(&self, words: usize) -> usize {
        words.next_multiple_of(1 << self.granule_shift)
    }

    /// The words of a segment before its first entry, which begins with a granule.
    pub(super) fn first_entry(&self) -> usize {
        self.round(Segment::HEADER)
    }

    fn chunk_segments(&self) -> usize {
        ((HUGE_PAGE / WORD) >> self.segment_shift).min(128)
    }

    /// The words of a segment.
    pub(super) fn segment_at(&self, number: u32) -> &[AtomicU64] {
        &self.words()[(number as usize) << self.segment_shift..][..self.segment_words()]
    }

    pub(super) fn segment(&self, number: u32) -> Segment<'_> {
        Segment(self.segment_at(number))
    }

    pub(super) fn location(&self, segment: u32, offset: usize) -> Location {
        let word = ((segment as usize) << self.segment_shift) + offset;
        Location((word >> self.granule_shift) as u32)
    }

    /// The word at which a location is.
    pub(super) fn word(&self, location: Location) -> usize {
        (location.0 as usize) << self.granule_shift
    }

    pub(super) fn segment_of(&self, location: Location) -> u32 {
        (self.word(location) >> self.segment_shift) as u32
    }

    /// Takes a segment, which has anything in it, and charges what is not paid for yet.
    pub(super) fn take(&self, bytes: &Budget, credit: &mut Credit) -> Option<u32> {
        let each = self.chunk_segments();
        let mut pool = self.pool();
        let pool = &mut *pool;
        if pool.with_free.is_empty() {
            if pool.chunks.len() == pool.most_chunks {
                return None;
            }
            pool.with_free.push(pool.chunks.len() as u32);
            pool.chunks.push(Chunk { free: all(each), held: 0 });
        }
        let spare = |&number: &u32| pool.chunks[number as usize].spare() != 0;
        let place = if pool.spare > 0 { pool.with_free.iter().rposition(spare) } else { None };
        let place = place.unwrap_or(pool.with_free.len() - 1);
        let number = pool.with_free[place];
        let chunk = &mut pool.chunks[number as usize];
        let whole = each as u64 * self.segment_bytes();
        // A whole chunk is taken if it can be paid for, for the system to put a huge page there.
        if chunk.held == 0
            && chunk.free == all(each)
            && whole == HUGE_PAGE as u64
            && bytes.try_reserve(whole)
        {
            self.advise(number as usize * each, each, libc::MADV_HUGEPAGE);
            chunk.held = all(each);
            pool.spare += each;
        }
        let segment = if chunk.spare() != 0 {
            pool.spare -= 1;
            chunk.spare().trailing_zeros()
        } else if credit.spend(self.segment_bytes()) {
            chunk.free.trailing_zeros()
        } else {
            return None;
        };
        chunk.free &= !(1 << segment);
        chunk.held |= 1 << segment;
        // Who sees what is written there sees what came before that too: that it was given back.
        fence(Ordering::Release);
        if chunk.free == 0 {
            pool.with_free.swap_remove(place);
        }
        Some(number * each as u32 + segment)
    }

    /// Takes a segment back. Its memory goes to the system, unless it is one of a few to be taken again.
    pub(super) fn give(&self, number: u32, bytes: &Budget) {
        let each = self.chunk_segments() as u32;
        let mut pool = self.pool();
        let pool = &mut *pool;
        let chunk = &mut pool.chunks[(number / each) as usize];
        if chunk.free == 0 {
            pool.with_free.push(number / each);
        }
        chunk.free |= 1 << (number % each);
        if pool.spare < each as usize && bytes.excess() == 0 {
            pool.spare += 1;
        } else {
            self.release(chunk, number, bytes);
        }
    }

    /// Gives the memory of free segments to the system: all of it.
    pub(super) fn release_spare(&self, bytes: &Budget) {
        let each = self.chunk_segments() as u32;
        let mut pool = self.pool();
        if pool.spare == 0 {
            return;
        }
        pool.spare = 0;
        for (chunk, first) in pool.chunks.iter_mut().zip((0..).step_by(each as usize)) {
            let mut spare = chunk.spare();
            while spare != 0 {
                self.release(chunk, first + spare.trailing_zeros(), bytes);
                spare &= spare - 1;
            }
        }
    }

    fn release(&self, chunk: &mut Chunk, number: u32, bytes: &Budget) {
        chunk.held &= !(1 << (number % self.chunk_segments() as u32));
        // Nor may the system put a huge page where only a part is paid for.
        self.advise(number as usize, 1, libc::MADV_NOHUGEPAGE);
        self.advise(number as usize, 1, libc::MADV_DONTNEED);
        bytes.release(self.segment_bytes());
    }

    /// Advises the system on `count` segments from `first` on. It may refuse: then pages are small, or come back late.
    fn advise(&self, first: usize, count: usize, advice: libc::c_int) {
        if cfg!(miri) {
            return; // It can't be advised.
        }
        let length = count * self.segment_words() * WORD;
        let start = self.words()[first << self.segment_shift..].as_ptr();
        // SAFETY: the segments are within the mapping; their contents go only if nobody needs them.
        unsafe { libc::madvise(start.cast_mut().cast(), length, advice) };
    }
}
