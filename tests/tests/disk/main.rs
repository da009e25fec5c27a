//! What becomes of respod and its data when the disk, the power or somebody's hand fails it.

// Everything in here is test code: a panic is how it reports.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bad_files;
mod clients;
mod clock_jumps;
mod crash_images;
mod damage;
mod directories;
mod faults;
mod full_disk;
mod mounts;
