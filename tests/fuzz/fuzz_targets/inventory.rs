//! See `tests/src/fuzzing/inventory.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(init: tests::fuzzing::prepare(), |data: &[u8]| {
    tests::fuzzing::INVENTORY.try_on(data);
});
