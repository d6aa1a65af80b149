//! Memory for an instance that lives as long as one request.
//!
//! Nothing is ever worth freeing: the host throws the whole memory away after the call. So allocation moves a mark
//! forward in a static arena, and only the newest block is freed or grown in place, which is what a growing `Vec` and a
//! short-lived argument need. A request that outgrows the arena gets pages from the host, up to the host's limit. Asking
//! the host for pages on every request, as an allocator that starts empty does, would cost about as much as a small
//! request itself.
#![allow(
    unsafe_code,
    reason = "an allocator cannot be written without; everything else in the SDK can"
)]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32;
use core::cell::{Cell, UnsafeCell};
use core::ptr;

/// Holds what a request with a large body needs; pages that are not touched cost nothing.
const ARENA_BYTES: usize = 1024 * 1024;
const PAGE_BYTES: usize = 64 * 1024;

#[repr(C, align(16))]
struct Arena(UnsafeCell<[u8; ARENA_BYTES]>);

struct Bump {
    arena: Arena,
    /// The first free address; zero before the first allocation.
    next: Cell<usize>,
    /// The first address that is not ours.
    end: Cell<usize>,
}

// SAFETY: an instance has one thread; a component of this contract cannot start another.
unsafe impl Sync for Bump {}

#[global_allocator]
static ALLOCATOR: Bump = Bump {
    arena: Arena(UnsafeCell::new([0; ARENA_BYTES])),
    next: Cell::new(0),
    end: Cell::new(0),
};

// SAFETY: blocks never overlap: `reserve` hands out [start, start + size) only when it lies inside [next, end), which is
// ours alone, and moves `next` behind it; `next` moves back only to the start of the newest block, when that is freed or
// resized.
unsafe impl GlobalAlloc for Bump {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.reserve(layout.size(), layout.align())
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let start = block.addr();
        if start + layout.size() == self.next.get() {
            self.next.set(start);
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = block.addr();
        let is_newest = start + layout.size() == self.next.get();
        if is_newest && size <= self.end.get() - start {
            self.next.set(start + size);
            return block;
        }
        if size <= layout.size() {
            return block;
        }
        let grown = self.reserve(size, layout.align());
        if !grown.is_null() {
            // SAFETY: both blocks are ours and hold at least the old size; the new one lies behind the old one.
            unsafe { ptr::copy_nonoverlapping(block, grown, layout.size()) };
        }
        grown
    }
}

impl Bump {
    #[inline]
    fn reserve(&self, size: usize, align: usize) -> *mut u8 {
        let start = (self.next.get() + align - 1) & !(align - 1);
        match start.checked_add(size) {
            Some(next) if next <= self.end.get() && start != 0 => {
                self.next.set(next);
                ptr::with_exposed_provenance_mut(start)
            }
            _ => self.reserve_slowly(size, align),
        }
    }

    /// The first allocation, and those that outgrow what we have.
    #[cold]
    #[inline(never)]
    fn reserve_slowly(&self, size: usize, align: usize) -> *mut u8 {
        if self.end.get() == 0 {
            let start = self.arena.0.get().expose_provenance();
            self.next.set(start);
            self.end.set(start + ARENA_BYTES);
        } else {
            let Some(wanted) = size.checked_add(align) else {
                return ptr::null_mut();
            };
            let pages = wanted.div_ceil(PAGE_BYTES);
            let before = wasm32::memory_grow::<0>(pages);
            if before == usize::MAX {
                return ptr::null_mut();
            }
            let start = before * PAGE_BYTES;
            // Behind our own end the new pages continue it; elsewhere (the C library grew memory too) we move there.
            if start != self.end.get() {
                self.next.set(start);
            }
            self.end.set(start + pages * PAGE_BYTES);
        }
        let start = (self.next.get() + align - 1) & !(align - 1);
        match start.checked_add(size) {
            Some(next) if next <= self.end.get() => {
                self.next.set(next);
                ptr::with_exposed_provenance_mut(start)
            }
            // Only right after the arena was opened, for a block larger than the arena.
            _ => self.reserve_slowly(size, align),
        }
    }
}
