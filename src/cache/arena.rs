//! The memory of a cache: one stretch of addresses cut into segments, mappings of their own for large
//! entries, and the budget that everything is charged to before it is taken.

use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// An amount that may be used, and how much of it is.
pub(super) struct Budget {
    limit: u64,
    used: AtomicU64,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Self {
        Budget { limit, used: AtomicU64::new(0) }
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    pub(super) fn try_reserve(&self, amount: u64) -> bool {
        let reserve = |used: u64| used.checked_add(amount).filter(|&sum| sum <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reserve).is_ok()
    }

    /// Reserves as much of `amount` as there is.
    fn reserve_up_to(&self, amount: u64) -> u64 {
        let mut reserved = 0;
        let reserve = |used| {
            reserved = amount.min(self.limit - used);
            Some(used + reserved)
        };
        // The closure never declines.
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reserve);
        reserved
    }

    pub(super) fn release(&self, amount: u64) {
        self.used.fetch_sub(amount, Ordering::Relaxed);
    }
}

/// Part of a budget that was reserved ahead; what is not spent goes back.
pub(super) struct Credit<'a> {
    budget: &'a Budget,
    amount: u64,
}

impl<'a> Credit<'a> {
    pub(super) fn none(budget: &'a Budget) -> Self {
        Credit { budget, amount: 0 }
    }

    /// Adds to the credit what the budget has, until it is `amount`. False if it is less.
    pub(super) fn raise(&mut self, amount: u64) -> bool {
        self.amount += self.budget.reserve_up_to(amount.saturating_sub(self.amount));
        self.amount >= amount
    }

    /// Takes `amount` out of the credit, or out of the budget.
    pub(super) fn spend(&mut self, amount: u64) -> bool {
        if self.amount < amount {
            return self.budget.try_reserve(amount);
        }
        self.amount -= amount;
        true
    }

    pub(super) fn give_back(&mut self) {
        self.budget.release(std::mem::take(&mut self.amount));
    }
}

impl Drop for Credit<'_> {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Memory mapped from the system, zeroed, unmapped when dropped.
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
        // SAFETY: a new anonymous mapping touches no memory in use.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return None;
        }
        NonNull::new(start.cast()).map(|start| Mapping { start, length })
    }

    pub(super) fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Gives up ownership; `from_raw` takes it back.
    pub(super) fn into_raw(self) -> NonNull<u8> {
        let start = self.start;
        std::mem::forget(self);
        start
    }

    /// # Safety
    /// `start` comes from `into_raw` of a mapping of `length` bytes, and is used once.
    pub(super) unsafe fn from_raw(start: NonNull<u8>, length: usize) -> Self {
        Mapping { start, length }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and its owner says that nobody uses it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

fn page_size() -> usize {
    // SAFETY: no requirements.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// The number of no segment.
pub(super) const NONE: u32 = u32::MAX;

/// Where an entry lies in the arena: its distance from the start, in units.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Location(pub u32);

/// What is known of a segment: accessed only by the holder of the lock of the segment's shard, or of the
/// free list if it has no shard.
pub(super) struct Segment {
    /// The segment after this one in its queue, or NONE.
    pub next: Cell<u32>,
    /// Bytes taken, from the start.
    pub filled: Cell<u32>,
    /// Bytes of `filled` that entries of the index take.
    pub live: Cell<u32>,
}

/// The segments.
pub(super) struct Arena {
    _mapping: Mapping,
    base: NonNull<u8>,
    segment_shift: u32,
    unit_shift: u32,
    segments: Box<[Segment]>,
    /// The first free segment, linked by `next`.
    free: Mutex<u32>,
}

// SAFETY: the memory of a segment and its `Segment` are accessed only under the lock that `Segment` names.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

/// Transparent huge pages are of this size on x86-64 and on aarch64 with 4 KiB pages.
const HUGE_PAGE: usize = 2 << 20;

impl Arena {
    /// A segment is a 128th of the limit: few enough of them to be handled with little overhead, enough that
    /// the part of them that is being filled is small. None is larger than a huge page.
    pub(super) fn segment_bytes(max_bytes: u64) -> usize {
        let share = usize::try_from(max_bytes / 128).unwrap_or(HUGE_PAGE).min(HUGE_PAGE);
        (1 << share.ilog2()).max(page_size())
    }

    /// Addresses for as many segments as `max_bytes` has room for.
    pub(super) fn new(max_bytes: u64) -> Option<Self> {
        let segment_bytes = Self::segment_bytes(max_bytes);
        let count = usize::try_from(max_bytes).ok()? / segment_bytes;
        let length = count * segment_bytes;
        let mapping = Mapping::new(length + segment_bytes)?;
        let base = mapping.start.as_ptr();
        // SAFETY: the mapping has a segment to spare for the alignment.
        let base = unsafe { base.add(base.align_offset(segment_bytes)) };
        let mut unit_shift = 3;
        while length >> unit_shift > u32::MAX as usize {
            unit_shift += 1;
        }
        let segments = (1..=count).map(|next| {
            let next = if next < count { next as u32 } else { NONE };
            Segment { next: Cell::new(next), filled: Cell::new(0), live: Cell::new(0) }
        });
        Some(Arena {
            _mapping: mapping,
            base: NonNull::new(base)?,
            segment_shift: segment_bytes.ilog2(),
            unit_shift,
            segments: segments.collect(),
            free: Mutex::new(0),
        })
    }

    /// What the arena takes before it has handed out any segment.
    pub(super) fn overhead(&self) -> usize {
        size_of_val(&*self.segments)
    }

    pub(super) fn segment_size(&self) -> usize {
        1 << self.segment_shift
    }

    /// `length` rounded up to units.
    pub(super) fn round(&self, length: usize) -> usize {
        length.next_multiple_of(1 << self.unit_shift)
    }

    /// Takes an empty segment, which the caller has paid for.
    pub(super) fn take(&self) -> Option<u32> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let number = *free;
        let segment = self.segments.get(number as usize)?;
        *free = segment.next.replace(NONE);
        Some(number)
    }

    /// Asks for huge pages in a segment, if it is as large as one. The system may refuse.
    pub(super) fn advise_huge_page(&self, number: u32) {
        if self.segment_size() >= HUGE_PAGE {
            let start = self.pointer(self.location(number, 0));
            // SAFETY: the segment is within the mapping; its contents stay.
            unsafe { libc::madvise(start.as_ptr().cast(), HUGE_PAGE, libc::MADV_HUGEPAGE) };
        }
    }

    /// Gives a segment and its memory back.
    ///
    /// # Safety
    /// The caller owns the segment, and no entry of the index lies in it.
    pub(super) unsafe fn give(&self, number: u32) {
        let start = self.pointer(self.location(number, 0));
        // SAFETY: the segment is within the mapping, and nothing in it is used any more.
        unsafe { libc::madvise(start.as_ptr().cast(), self.segment_size(), libc::MADV_DONTNEED) };
        let segment = self.segment(number);
        segment.filled.set(0);
        segment.live.set(0);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        segment.next.set(std::mem::replace(&mut *free, number));
    }

    pub(super) fn segment(&self, number: u32) -> &Segment {
        &self.segments[number as usize]
    }

    pub(super) fn location(&self, segment: u32, offset: u32) -> Location {
        let distance = ((segment as usize) << self.segment_shift) + offset as usize;
        Location((distance >> self.unit_shift) as u32)
    }

    pub(super) fn segment_of(&self, location: Location) -> u32 {
        (((location.0 as usize) << self.unit_shift) >> self.segment_shift) as u32
    }

    /// The memory at a location that `location` made.
    pub(super) fn pointer(&self, location: Location) -> NonNull<u8> {
        // SAFETY: locations lie within the mapping.
        unsafe { self.base.add((location.0 as usize) << self.unit_shift) }
    }
}
