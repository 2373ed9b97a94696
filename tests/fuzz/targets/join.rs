//! The state of a stream.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| syncline_tests::fuzzing::join(input));
