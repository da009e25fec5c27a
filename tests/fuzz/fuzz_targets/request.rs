//! See `tests/src/fuzzing/request.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(init: tests::fuzzing::prepare(), |data: &[u8]| {
    tests::fuzzing::REQUEST.try_on(data);
});
