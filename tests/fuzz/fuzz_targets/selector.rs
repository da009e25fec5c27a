//! See `tests/src/fuzzing/selector.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(init: tests::fuzzing::prepare(), |data: &[u8]| {
    tests::fuzzing::SELECTOR.try_on(data);
});
