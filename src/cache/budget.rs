//! What may be used, and how much of it is: everything is charged before it is taken.

use std::sync::atomic::Ordering;

use super::sync::AtomicU64;

/// An amount that may be used, and how much of it is; aligned so that nobody waits for its line who needs something else.
#[repr(align(128))]
pub(super) struct Budget {
    limit: AtomicU64,
    used: AtomicU64,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Self {
        Budget { limit: AtomicU64::new(limit), used: AtomicU64::new(0) }
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// What is used already stays so, even if it is more.
    pub(super) fn set_limit(&self, limit: u64) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// How much more is used than may be.
    pub(super) fn excess(&self) -> u64 {
        self.used().saturating_sub(self.limit())
    }

    /// Whether there is so much at this moment.
    pub(super) fn has(&self, amount: u64) -> bool {
        self.used() + amount <= self.limit()
    }

    pub(super) fn try_reserve(&self, amount: u64) -> bool {
        let limit = self.limit();
        let reserve = |used: u64| used.checked_add(amount).filter(|&sum| sum <= limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, reserve).is_ok()
    }

    /// Reserves as much of `amount` as there is.
    fn reserve_up_to(&self, amount: u64) -> u64 {
        let limit = self.limit();
        let mut reserved = 0;
        let reserve = |used| {
            reserved = amount.min(limit.saturating_sub(used));
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
        // Most have nothing, and no thread needs the line of a budget for that.
        if self.amount > 0 {
            self.budget.release(std::mem::take(&mut self.amount));
        }
    }
}

impl Drop for Credit<'_> {
    fn drop(&mut self) {
        self.give_back();
    }
}
