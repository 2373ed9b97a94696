//! A schema.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| syncline_tests::fuzzing::schema(input));
