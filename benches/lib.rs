//! What the benchmarks measure with: pools, stores and engines of any size.

// This crate is measuring through and through: a mistake in it must stop the measurement.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod driver;
pub mod lab;
pub mod stored;
pub mod wire_samples;

use respo::{Inventory, Label, Name, Resource, Selector, Word};

/// How many tags the resources of [`pool`] share.
pub const TAGS: usize = 100;

/// A pool of `size` resources named `r0`, `r1`, …; each has one of [`TAGS`] tags and is in one of ten places.
///
/// # Panics
/// If `size` is more than an inventory holds.
#[must_use]
pub fn pool(size: usize) -> Inventory {
    let resources = (0..size).map(|n| {
        let mut resource = Resource::new(Name::new(format!("r{n}")).unwrap());
        resource.attributes = [tag(n), Word::new("any").unwrap()].into();
        resource.location = Some(Label::new(format!("office{}", n % 10)).unwrap());
        resource
    });
    Inventory::new(resources).unwrap()
}

/// The `n`-th tag.
///
/// # Panics
/// Never.
#[must_use]
pub fn tag(n: usize) -> Word {
    Word::new(format!("tag{}", n % TAGS)).unwrap()
}

/// A selector for the `n`-th tag.
#[must_use]
pub fn tagged(n: usize) -> Selector {
    let mut selector = Selector::any();
    selector.attributes = [tag(n)].into();
    selector
}
