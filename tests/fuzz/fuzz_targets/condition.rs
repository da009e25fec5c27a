//! See `tests/src/fuzzing/condition.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(init: tests::fuzzing::prepare(), |data: &[u8]| {
    tests::fuzzing::CONDITION.try_on(data);
});
