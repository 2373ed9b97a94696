//! How vectors are kept: a JSON file with one vector a line.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

/// Where the files are.
pub(crate) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden");

/// Fields whose numbers may be beyond what a JSON reader holds exactly: decimal strings.
const LARGE: [&str; 3] = ["fingerprint", "session", "seed"];

/// Fields of bytes: hexadecimal strings.
const BYTES: [&str; 5] = ["join_key", "resume", "resume_token", "schema", "payload"];

/// A file of vectors.
#[derive(Clone, Copy)]
pub(crate) struct Golden {
    /// Its name, without the ending.
    pub(crate) name: &'static str,
    /// What its vectors are, for their reader.
    pub(crate) about: &'static str,
    /// The vectors, encoded now.
    pub(crate) vectors: fn() -> Vec<Value>,
}

impl Golden {
    fn path(&self) -> String {
        format!("{FOLDER}/{}.json", self.name)
    }

    /// Compares the file with the vectors, or writes it if that was asked for.
    pub(crate) fn check(&self) {
        let vectors = (self.vectors)();
        if std::env::var_os("SYNCLINE_BLESS").is_some() {
            self.write(&vectors);
        }
        let kept = self.load();
        for vector in &vectors {
            let name = &vector["name"];
            let found = kept.iter().find(|kept| kept["name"] == *name);
            assert_eq!(found, Some(vector), "{name} of {}", self.path());
        }
        assert_eq!(kept.len(), vectors.len(), "vectors of {}", self.path());
    }

    /// The vectors as the file has them.
    pub(crate) fn load(&self) -> Vec<Value> {
        let path = self.path();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let file: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(file["about"], self.about, "{path}");
        file["vectors"].as_array().unwrap().clone()
    }

    fn write(&self, vectors: &[Value]) {
        let lines: Vec<String> = vectors
            .iter()
            .map(|vector| format!("    {vector}"))
            .collect();
        let about = json!(self.about);
        let text = format!(
            "{{\n  \"about\": {about},\n  \"vectors\": [\n{}\n  ]\n}}\n",
            lines.join(",\n")
        );
        std::fs::create_dir_all(FOLDER).unwrap();
        std::fs::write(self.path(), text).unwrap();
    }
}

/// A vector of bytes and what they stand for.
pub(crate) fn vector(name: &str, bytes: &[u8], value: &Value) -> Value {
    json!({ "name": name, "bytes": hex(bytes), "value": value })
}

/// The bytes of a vector.
pub(crate) fn bytes(vector: &Value) -> Vec<u8> {
    unhex(vector["bytes"].as_str().unwrap())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap_or_else(|_| panic!("{text}")))
        .collect()
}

/// A value as readers in other languages hold it: variants by name, bytes as hexadecimal text,
/// numbers of 64 bits as decimal text.
pub(crate) fn plain<T: Serialize>(value: &T) -> Value {
    let mut value = serde_json::to_value(value).unwrap();
    make_plain(&mut value);
    value
}

fn make_plain(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(make_plain),
        Value::Object(fields) => {
            for (name, value) in fields {
                if LARGE.contains(&name.as_str()) && value.is_u64() {
                    *value = json!(value.to_string());
                } else if BYTES.contains(&name.as_str()) && value.is_array() {
                    let bytes: Vec<u8> = serde_json::from_value(value.take()).unwrap();
                    *value = json!(hex(&bytes));
                } else {
                    make_plain(value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
