//! A stream, followed.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| syncline_tests::fuzzing::chunk(input));
