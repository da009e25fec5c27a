//! See `tests/src/fuzzing/commands.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(init: tests::fuzzing::prepare(), |data: &[u8]| {
    tests::fuzzing::COMMANDS.try_on(data);
});
