//! JSON of somebody else, of which only what is asked for takes memory: whatever else it holds, and however much, is passed over.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The keys that are asked for; one that occurs twice says nothing.
const KEYS: [&str; 11] = [
    "crate",
    "created_at",
    "id",
    "login",
    "name",
    "num",
    "project_path",
    "provider",
    "published_by",
    "repository",
    "trustpub_data",
];

/// Any value; `V` is what is kept of those below it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Loose<V> {
    Map(Vec<(&'static str, V)>),
    Null,
    Number(u64),
    Other,
    Text(String),
}

impl<V> Loose<V> {
    pub(super) fn get(&self, key: &str) -> Option<&V> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn as_u64(&self) -> Option<u64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Loose<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

struct Any<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Any<V> {
    type Value = Loose<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Loose::Null)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Loose::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Loose::Other)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Loose::Number(number))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Loose::Other)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Loose::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let (mut kept, mut is_clear): (Vec<(&'static str, V)>, _) = (vec![], true);
        while let Some(key) = entries.next_key::<String>()? {
            match KEYS.into_iter().find(|known| *known == key) {
                None => drop(entries.next_value::<IgnoredAny>()?),
                Some(known) => {
                    is_clear &= kept.iter().all(|(name, _)| *name != known);
                    match is_clear {
                        true => kept.push((known, entries.next_value()?)),
                        false => drop(entries.next_value::<IgnoredAny>()?),
                    }
                }
            }
        }
        Ok(if is_clear { Loose::Map(kept) } else { Loose::Other })
    }
}

/// A list of at most `LIMIT` items; how many there are where there are more.
#[derive(Debug)]
pub(super) struct Bounded<T, const LIMIT: usize>(pub(super) Result<Vec<T>, usize>);

impl<'de, T: Deserialize<'de>, const LIMIT: usize> Deserialize<'de> for Bounded<T, LIMIT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

struct Items<T, const LIMIT: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const LIMIT: usize> Visitor<'de> for Items<T, LIMIT> {
    type Value = Bounded<T, LIMIT>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut all = vec![];
        while all.len() < LIMIT {
            match items.next_element()? {
                Some(item) => all.push(item),
                None => return Ok(Bounded(Ok(all))),
            }
        }
        let mut more = 0;
        while items.next_element::<IgnoredAny>()?.is_some() {
            more += 1;
        }
        Ok(Bounded(if more == 0 { Ok(all) } else { Err(LIMIT.saturating_add(more)) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_asks_for_takes_no_memory_and_what_is_said_twice_says_nothing() {
        let text = r#"{"num": "1", "x": [{"id": 1}], "id": {"id": [], "name": {"id": 1}}, "login": 1.5}"#;
        let found = serde_json::from_str::<Loose<Loose<IgnoredAny>>>(text).expect("JSON");
        let inner = Loose::Map(vec![("id", IgnoredAny), ("name", IgnoredAny)]);
        let expected = vec![("num", Loose::Text("1".to_owned())), ("id", inner), ("login", Loose::Other)];
        assert_eq!(found, Loose::Map(expected));
        for text in [r#"{"id": 1, "id": 1}"#, r#"{"id": 1, "id": 2, "num": 3}"#, "[1]", "true", "-1", "1e3"] {
            assert_eq!(serde_json::from_str::<Loose<IgnoredAny>>(text).expect(text), Loose::Other, "{text}");
        }
        assert!(serde_json::from_str::<Loose<IgnoredAny>>("{\"id\": 1").is_err());
    }

    #[test]
    fn a_list_is_read_up_to_its_limit() {
        let read = |text: &str| serde_json::from_str::<Bounded<u8, 2>>(text).expect(text).0;
        assert_eq!((read("[]"), read("[1,2]"), read("[1,2,[],4]")), (Ok(vec![]), Ok(vec![1, 2]), Err(4)));
        assert!(serde_json::from_str::<Bounded<u8, 2>>("{}").is_err());
    }
}
