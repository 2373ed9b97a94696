//! Numbers as bytes and as words: varints, bits, quantisation, hashes.

use glam::Quat;
use serde_json::{Value, json};
use syncline_shared::bits::{
    BitReader, BitWriter, ByteReader, write_bytes, write_signed_varint, write_varint,
};
use syncline_shared::codec;
use syncline_shared::hash::{WordHash, hash_bytes};
use syncline_shared::quantize::{
    fixed_word_max, quantize_angle, quantize_fixed, quantize_quaternion, restore_angle,
    restore_fixed, restore_quaternion,
};

use crate::file::{Golden, bytes, hex, unhex, vector};

pub(crate) const NUMBERS: Golden = Golden {
    name: "numbers",
    about: "Numbers as bytes. `varint`, `signed` and `bytes` are those of sections and frames; \
            `bits` are pairs of a number and its width; `bincode_unsigned` and `bincode_signed` are \
            those of control messages, as decimal text.",
    vectors: numbers,
};

pub(crate) const QUANTIZED: Golden = Golden {
    name: "quantize",
    about: "Numbers as words. `restored` is what the word stands for: exact for `fixed` and \
            `angle`, within 1e-6 for a quaternion (x, y, z, w). `value` and `restored` are 64-bit \
            floats, those of a quaternion 32-bit floats.",
    vectors: quantized,
};

pub(crate) const HASHES: Golden = Golden {
    name: "hash",
    about: "`words` give the 32-bit hash of rows, of which `short` travels in chunks; `bytes` the \
            64-bit hash of schemas, as decimal text.",
    vectors: hashes,
};

fn numbers() -> Vec<Value> {
    [varints(), strings(), control_numbers()].concat()
}

fn varints() -> Vec<Value> {
    let mut all = Vec::new();
    for value in [
        0,
        1,
        127,
        128,
        300,
        16_383,
        16_384,
        1 << 21,
        1 << 28,
        u32::MAX,
    ] {
        let mut bytes = Vec::new();
        write_varint(&mut bytes, value);
        all.push(vector(
            &format!("varint_{value}"),
            &bytes,
            &json!({ "varint": value }),
        ));
    }
    for (name, value) in [
        ("0", 0),
        ("minus_1", -1),
        ("1", 1),
        ("minus_64", -64),
        ("64", 64),
        ("lowest", i32::MIN),
        ("highest", i32::MAX),
    ] {
        let mut bytes = Vec::new();
        write_signed_varint(&mut bytes, value);
        all.push(vector(
            &format!("signed_{name}"),
            &bytes,
            &json!({ "signed": value }),
        ));
    }
    all
}

fn strings() -> Vec<Value> {
    let mut all = Vec::new();
    for (name, value) in [
        ("none", vec![]),
        ("three", vec![1, 2, 3]),
        ("many", vec![7; 130]),
    ] {
        let mut bytes = Vec::new();
        write_bytes(&mut bytes, &value);
        all.push(vector(
            &format!("bytes_{name}"),
            &bytes,
            &json!({ "bytes": hex(&value) }),
        ));
    }
    for (name, pairs) in [
        ("one", vec![(1, 1)]),
        (
            "mixed",
            vec![(5, 3), (0, 1), (1000, 10), (u32::MAX, 32), (0, 0), (1, 2)],
        ),
        ("aligned", vec![(0xab, 8), (0xcdef, 16)]),
    ] {
        let mut bytes = Vec::new();
        let mut bits = BitWriter::new(&mut bytes);
        for &(value, width) in &pairs {
            bits.write(value, width);
        }
        bits.finish();
        all.push(vector(
            &format!("bits_{name}"),
            &bytes,
            &json!({ "bits": pairs }),
        ));
    }
    all
}

fn control_numbers() -> Vec<Value> {
    let mut all = Vec::new();
    for value in [
        0,
        250,
        251,
        65_535,
        65_536,
        u64::from(u32::MAX),
        1 << 32,
        u64::MAX,
    ] {
        let value_text = json!({ "bincode_unsigned": value.to_string() });
        all.push(vector(
            &format!("bincode_{value}"),
            &codec::encode(&value),
            &value_text,
        ));
    }
    for (name, value) in [
        ("minus_1", -1),
        ("1", 1),
        ("125", 125),
        ("minus_126", -126),
        ("lowest", i32::MIN),
    ] {
        let value_text = json!({ "bincode_signed": value.to_string() });
        all.push(vector(
            &format!("bincode_signed_{name}"),
            &codec::encode(&value),
            &value_text,
        ));
    }
    all
}

#[test]
fn numbers_are_decoded() {
    for vector in NUMBERS.load() {
        let bytes = bytes(&vector);
        let mut reader = ByteReader::new(&bytes);
        let (kind, value) = vector["value"].as_object().unwrap().iter().next().unwrap();
        match kind.as_str() {
            "varint" => assert_eq!(value, &json!(reader.varint().unwrap())),
            "signed" => assert_eq!(value, &json!(reader.signed_varint().unwrap())),
            "bytes" => assert_eq!(value, &json!(hex(reader.bytes().unwrap()))),
            "bits" => {
                let pairs: Vec<(u32, u32)> = serde_json::from_value(value.clone()).unwrap();
                let mut bits = BitReader::new(&bytes);
                for (number, width) in pairs {
                    assert_eq!(bits.read(width), Ok(number));
                }
                bits.finish().unwrap();
                continue;
            }
            "bincode_unsigned" => {
                assert_eq!(
                    value,
                    &json!(codec::decode::<u64>(&bytes).unwrap().to_string())
                );
                continue;
            }
            "bincode_signed" => {
                assert_eq!(
                    value,
                    &json!(codec::decode::<i32>(&bytes).unwrap().to_string())
                );
                continue;
            }
            other => panic!("{other}"),
        }
        reader.finish().unwrap();
    }
}

fn quantized() -> Vec<Value> {
    let mut all = Vec::new();
    for (name, [min, max, step], values) in [
        (
            "grid",
            [0.0, 100.0, 0.0625],
            vec![0.0, 0.03125, 0.031_249, 50.3, 100.0, 101.0, -1.0],
        ),
        (
            "tenths",
            [-1.0, 1.0, 0.1],
            vec![-1.0, -0.95, 0.0, 0.05, 0.149_999, 0.3, 1.0],
        ),
        ("uneven", [0.0, 1.0, 0.3], vec![0.0, 0.15, 0.9, 1.0]),
        (
            "wide",
            [-1e9, 1e9, 1.0],
            vec![-1e9, -0.5, 0.0, 123_456_789.4, 1e9],
        ),
    ] {
        let word_max = fixed_word_max(min, max, step);
        for (index, value) in values.into_iter().enumerate() {
            let word = quantize_fixed(value, min, step, word_max);
            all.push(json!({
                "name": format!("fixed_{name}_{index}"),
                "fixed": { "min": min, "max": max, "step": step },
                "word_max": word_max,
                "value": value,
                "word": word,
                "restored": restore_fixed(word, min, step),
            }));
        }
    }
    for bits in [2, 8, 16] {
        for (index, value) in [0.0, 0.1, 3.2, 6.25, -0.1, 100.0].into_iter().enumerate() {
            let word = quantize_angle(value, bits);
            all.push(json!({
                "name": format!("angle_{bits}_{index}"),
                "angle": bits,
                "value": value,
                "word": word,
                "restored": restore_angle(word, bits),
            }));
        }
    }
    for bits in [2, 9, 16] {
        for (index, value) in [
            [0.0, 0.0, 0.0, 1.0],
            [1.0, 0.0, 0.0, 0.0],
            [0.5, -0.5, 0.5, -0.5],
            [-0.25, 0.75, 0.125, 0.59],
            [0.0, -0.6, 0.0, 0.8],
        ]
        .into_iter()
        .enumerate()
        {
            let words = quantize_quaternion(Quat::from_array(value), bits);
            all.push(json!({
                "name": format!("quaternion_{bits}_{index}"),
                "quaternion": bits,
                "value": value,
                "words": words,
                "restored": restore_quaternion(words, bits).to_array(),
            }));
        }
    }
    all
}

#[test]
fn words_are_restored() {
    for vector in QUANTIZED.load() {
        let word = || u32::try_from(vector["word"].as_u64().unwrap()).unwrap();
        let bits = |kind: &str| u8::try_from(vector[kind].as_u64().unwrap()).unwrap();
        if let Some(fixed) = vector["fixed"].as_object() {
            let [min, max, step] = ["min", "max", "step"].map(|name| fixed[name].as_f64().unwrap());
            let word_max = fixed_word_max(min, max, step);
            assert_eq!(vector["word_max"], word_max);
            let value = vector["value"].as_f64().unwrap();
            assert_eq!(quantize_fixed(value, min, step, word_max), word());
            assert_eq!(json!(restore_fixed(word(), min, step)), vector["restored"]);
        } else if vector["angle"].is_number() {
            let value = vector["value"].as_f64().unwrap();
            assert_eq!(quantize_angle(value, bits("angle")), word());
            assert_eq!(
                json!(restore_angle(word(), bits("angle"))),
                vector["restored"]
            );
        } else {
            let bits = bits("quaternion");
            let value: [f32; 4] = serde_json::from_value(vector["value"].clone()).unwrap();
            let words: [u32; 4] = serde_json::from_value(vector["words"].clone()).unwrap();
            assert_eq!(quantize_quaternion(Quat::from_array(value), bits), words);
            let restored: [f32; 4] = serde_json::from_value(vector["restored"].clone()).unwrap();
            assert_eq!(
                json!(restore_quaternion(words, bits).to_array()),
                json!(restored)
            );
        }
    }
}

fn word_hash(words: &[u32]) -> WordHash {
    let mut hash = WordHash::default();
    for &word in words {
        hash.add(word);
    }
    hash
}

fn hashes() -> Vec<Value> {
    let words = [
        ("no_words", vec![]),
        ("a_zero", vec![0]),
        ("three_words", vec![1, 2, 3]),
        ("large_words", vec![u32::MAX, 0x8000_0000, 12_345_678]),
    ];
    let words = words.into_iter().map(|(name, words)| {
        let hash = word_hash(&words);
        json!({ "name": name, "words": words, "hash": hash.value(), "short": hash.short() })
    });
    let strings = [
        ("no_bytes", vec![]),
        ("a_byte", vec![7]),
        ("a_text", b"syncline".to_vec()),
        ("many_bytes", (0..=255).collect::<Vec<u8>>()),
    ];
    let strings = strings.into_iter().map(|(name, bytes)| {
        json!({ "name": name, "bytes": hex(&bytes), "hash": hash_bytes(&bytes).to_string() })
    });
    words.chain(strings).collect()
}

#[test]
fn hashes_are_taken() {
    for vector in HASHES.load() {
        if let Some(text) = vector["bytes"].as_str() {
            assert_eq!(vector["hash"], hash_bytes(&unhex(text)).to_string());
        } else {
            let words: Vec<u32> = serde_json::from_value(vector["words"].clone()).unwrap();
            let hash = word_hash(&words);
            assert_eq!(vector["hash"], hash.value());
            assert_eq!(vector["short"], hash.short());
        }
    }
}
