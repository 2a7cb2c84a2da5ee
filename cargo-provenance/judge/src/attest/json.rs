//! A strict reader of JSON that others wrote: bounded in size and depth, and no key twice, so that two readers of one document
//! never see two documents.

use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::Fault;

/// Levels of arrays and objects: the documents of this project have at most ten, those of others may be deeper; each level
/// costs a stack frame.
const DEPTH: usize = 64;

/// Reads a document of at most so many bytes.
///
/// # Errors
///
/// What is no JSON, too large, too deep or ambiguous.
pub fn read(document: &'static str, bytes: &[u8], most: usize) -> Result<Value, Fault> {
    let fault = |what: String| Fault::new(document, what);
    if bytes.len() > most {
        return Err(fault(format!("is larger than {most} bytes")));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: DEPTH }.deserialize(&mut deserializer);
    let value = value.and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| fault(format!("is not acceptable JSON: {error}")))
}

/// Takes a value apart into a type. Objects are objects: that serde takes a list of its fields for a struct, no other reader
/// knows.
pub fn typed<T>(document: &'static str, value: &Value) -> Result<T, Fault>
where
    T: de::DeserializeOwned + Serialize,
{
    let fault = |what: String| Fault::new(document, format!("is not one: {what}"));
    let typed = T::deserialize(value).map_err(|error| fault(error.to_string()))?;
    let read = serde_json::to_value(&typed).map_err(|error| fault(error.to_string()))?;
    match has_shape(&read, value) {
        true => Ok(typed),
        false => Err(fault("a list where an object belongs".to_owned())),
    }
}

/// Whether there is an object wherever one was read.
fn has_shape(read: &Value, value: &Value) -> bool {
    match (read, value) {
        (Value::Object(read), Value::Object(value)) => {
            read.iter().all(|(key, read)| value.get(key).is_none_or(|value| has_shape(read, value)))
        }
        (Value::Array(read), Value::Array(value)) => {
            read.iter().zip(value).all(|(read, value)| has_shape(read, value))
        }
        (Value::Object(_), Value::Array(_)) => false,
        _ => true,
    }
}

/// Takes `null` for what is not set (in-toto, "Parsing rules").
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

struct Strict {
    depth: usize,
}

impl Strict {
    fn below<E: de::Error>(&self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1);
        depth.map(|depth| Self { depth }).ok_or_else(|| E::custom(format!("deeper than {DEPTH} levels")))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = vec![];
        let Self { depth } = self.below()?;
        while let Some(item) = items.next_element_seed(Self { depth })? {
            all.push(item);
        }
        Ok(all.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        let Self { depth } = self.below()?;
        while let Some(key) = entries.next_key::<String>()? {
            if all.contains_key(&key) {
                return Err(de::Error::custom(format!("`{}` stands there twice", key.escape_debug())));
            }
            all.insert(key, entries.next_value_seed(Self { depth })?);
        }
        Ok(all.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn fault(text: &str) -> String {
        read("document", text.as_bytes(), 1_000).expect_err(text).to_string()
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        assert!(fault(r#"{"a":1,"a":2}"#).contains("`a` stands there twice"));
        assert!(fault(r#"[{"x":{"a":1,"\u0061":2}}]"#).contains("`a` stands there twice"));
        for text in ["", "{", "{} {}", "{}x", "[1,]", "{'a':1}", "NaN", "\u{feff}{}", "{\"a\":1}\u{0}"] {
            assert!(fault(text).contains("is not acceptable JSON"), "{text}");
        }
        assert!(read("document", b"\"\xff\"", 1_000).is_err());
    }

    #[test]
    fn a_list_is_no_object() {
        #[derive(Debug, PartialEq, Deserialize, Serialize)]
        struct Inner {
            a: Option<u8>,
        }
        #[derive(Debug, PartialEq, Deserialize, Serialize)]
        struct Outer {
            #[serde(default, deserialize_with = "or_default")]
            inner: Vec<Inner>,
        }
        let typed = |value: Value| typed::<Outer>("document", &value).is_ok();
        for good in
            [json!({}), json!({ "inner": null }), json!({ "inner": [{ "a": 1, "b": [] }, {}], "c": [] })]
        {
            assert!(typed(good.clone()), "{good}");
        }
        for bad in
            [json!([[]]), json!([[{ "a": 1 }]]), json!({ "inner": [[1]] }), json!({ "inner": [{}, [null]] })]
        {
            assert!(serde_json::from_value::<Outer>(bad.clone()).is_ok(), "serde takes it: {bad}");
            assert!(!typed(bad.clone()), "{bad}");
        }
    }

    #[test]
    fn size_and_depth_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read("document", nested(DEPTH).as_bytes(), 1_000).is_ok());
        assert!(fault(&nested(DEPTH + 1)).contains("deeper than"));
        assert!(read("document", "[".repeat(1_000_000).as_bytes(), 2_000_000).is_err());
        assert!(read("document", b"[1]", 2).is_err());
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_lenient_reader(text in "[\\[\\]{}\",:0-9a-c \\\\]{0,24}", bytes: Vec<u8>) {
            for bytes in [text.as_bytes(), &bytes] {
                if let Ok(value) = read("document", bytes, 1_000) {
                    prop_assert_eq!(serde_json::from_slice::<Value>(bytes).ok(), Some(value));
                }
            }
        }
    }
}
