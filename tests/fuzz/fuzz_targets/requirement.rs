//! See `tests/src/fuzzing/requirement.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(init: tests::fuzzing::prepare(), |data: &[u8]| {
    tests::fuzzing::REQUIREMENT.try_on(data);
});
