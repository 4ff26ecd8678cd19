//! A concurrent cache that lives outside of any collected heap.
