//! The YAML that proofs are made of: mappings, lists and text, within limits.
//!
//! The parser gives events, so that nothing grows before it was counted. Anchors, aliases, tags, merge keys, keys that are no
//! text, several documents and keys that occur twice are refused: crev writes none of them, and two readers could see two things.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::BODY_BYTES;

/// Mappings and lists in each other: the deepest field of a review has four.
const DEPTH: usize = 8;

/// Keys and values of one body: more than half its bytes cannot be.
const NODES: usize = BODY_BYTES / 2;

/// Keys of one mapping, which are compared with each other: a review has a dozen.
const KEYS: usize = 128;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Nothing: `~`, `null` or an empty place.
    Null,
    /// Anything else that is a scalar: what it means is for the field to say.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in its order.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key; nothing where it is null or missing, or this is no mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, value)| name == key && *value != Self::Null).map(|(_, value)| value)
    }

    /// Its text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads one document; why it cannot be read, if so.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    if text.len() > BODY_BYTES {
        return Err(format!("it has {} bytes, and crev reads {BODY_BYTES} at most", text.len()));
    }
    let mut events = Events { parser: Parser::new_from_str(text), left: NODES };
    let mut document = None;
    loop {
        match events.next()? {
            Event::Nothing | Event::StreamStart | Event::DocumentEnd => {}
            Event::DocumentStart(_) if document.is_none() => {
                let first = events.next()?;
                document = Some(events.node(first, 0)?);
            }
            Event::StreamEnd => return document.ok_or_else(|| "it is empty".to_owned()),
            _ => return Err("it has several documents".to_owned()),
        }
    }
}

struct Events<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    left: usize,
}

impl<'t> Events<'t> {
    fn next(&mut self) -> Result<Event<'t>, String> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(format!("it is no YAML: {error}")),
            None => Err("it ends too early".to_owned()),
        }
    }

    fn node(&mut self, event: Event<'t>, depth: usize) -> Result<Node, String> {
        self.left = self.left.checked_sub(1).ok_or("it has too many values")?;
        if depth > DEPTH {
            return Err(format!("its values lie more than {DEPTH} deep"));
        }
        match event {
            Event::Scalar(text, style, 0, None) => Ok(match (style, &*text) {
                (ScalarStyle::Plain, "" | "~" | "null" | "Null" | "NULL") => Node::Null,
                _ => Node::Text(text.into_owned()),
            }),
            Event::SequenceStart(0, None) => {
                let mut items = vec![];
                loop {
                    match self.next()? {
                        Event::SequenceEnd => return Ok(Node::List(items)),
                        event => items.push(self.node(event, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(0, None) => self.mapping(depth),
            Event::Alias(_) => Err("it has an alias".to_owned()),
            _ => Err("it has an anchor or a tag".to_owned()),
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Node, String> {
        let mut entries: Vec<(String, Node)> = vec![];
        loop {
            let event = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Node::Map(entries));
            }
            let Node::Text(key) = self.node(event, depth + 1)? else {
                return Err("it has a key that is no text".to_owned());
            };
            if key == "<<" || entries.iter().any(|(known, _)| *known == key) {
                return Err("it has a key twice".to_owned());
            }
            if entries.len() == KEYS {
                return Err(format!("it has a mapping of more than {KEYS} keys"));
            }
            let event = self.next()?;
            entries.push((key, self.node(event, depth + 1)?));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_crev_writes_is_read() {
        let text = "kind: package review\nversion: -1\nfrom:\n  id-type: crev\n  id: -ab\nissues:\n- id: X\n  comment: ''\nllm-agent: ~\ncomment: |-\n  one: two\n  \n  - three\n";
        let node = parse(text).expect("a mapping");
        assert_eq!(node.get("version").and_then(Node::text), Some("-1"));
        assert_eq!(node.get("from").and_then(|from| from.get("id")).and_then(Node::text), Some("-ab"));
        assert_eq!(node.get("llm-agent"), None);
        assert_eq!(node.get("comment").and_then(Node::text), Some("one: two\n\n- three"));
        let Some(Node::List(issues)) = node.get("issues") else { panic!("{node:?}") };
        assert_eq!(issues[0].get("comment").and_then(Node::text), Some(""));
    }

    #[test]
    fn what_two_readers_could_read_in_two_ways_is_refused() {
        let deep = "[".repeat(BODY_BYTES);
        let deep_blocks = "- ".repeat(BODY_BYTES / 2);
        let deep_maps = "{a: ".repeat(BODY_BYTES / 4);
        let questions = "? ".repeat(BODY_BYTES / 2);
        let wide = "- x\n".repeat(NODES / 2 + 4_000).replace("x", "");
        let bomb = "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
        for text in [
            "",
            "a: 1\na: 2\n",
            "a: {b: 1, b: 2}\n",
            "<<: {a: 1}\n",
            "a: !!str x\n",
            "a: 1\n---\na: 2\n",
            "? [a]\n: b\n",
            "a: [\n",
            "a: *b\n",
            bomb,
            &deep,
            &deep_blocks,
            &deep_maps,
            &questions,
            &wide,
            &"a".repeat(BODY_BYTES + 1),
        ] {
            assert!(parse(text).is_err(), "{}", text.get(..40).unwrap_or(text));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[-a:?|>&*!{}\\[\\],#%'\" \n\t~<é]{0,60}") {
            let _ = parse(&text);
        }
    }
}
