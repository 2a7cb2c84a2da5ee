//! What a parameter of a build must be.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::policy::glob::wildcard;

/// The value that is expected of a parameter, in the shape of the statement's JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Just this.
    Flag(bool),
    /// Strings, or one with commas: each fits one of the patterns, and those without a wildcard are all there.
    List(Vec<String>),
    /// Just this.
    Number(i64),
    /// An object with just these parameters.
    Table(BTreeMap<String, Expected>),
    /// A string that one of the patterns fits, or a list as above.
    Text(Vec<String>),
}

impl Expected {
    /// Whether it is this value.
    pub fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Flag(expected), Value::Bool(found)) => expected == found,
            (Self::Number(expected), Value::Number(found)) => found.as_i64() == Some(*expected),
            (Self::Table(expected), Value::Object(found)) => surprises(expected, found, "").is_empty(),
            (Self::Text(patterns), Value::String(found)) => fits(patterns, found),
            (Self::List(patterns), Value::String(found)) => {
                all_fit(patterns, &found.split(',').collect::<Vec<_>>())
            }
            (Self::List(patterns) | Self::Text(patterns), Value::Array(found)) => {
                let found = found.iter().map(Value::as_str).collect::<Option<Vec<_>>>();
                found.is_some_and(|found| all_fit(patterns, &found))
            }
            _ => false,
        }
    }

    /// Whether a value that is not set is what is expected.
    fn holds_unset(&self) -> bool {
        match self {
            Self::Flag(flag) => !flag,
            Self::Number(_) => false,
            Self::Table(table) => table.values().all(Self::holds_unset),
            Self::List(patterns) | Self::Text(patterns) => patterns.is_empty(),
        }
    }
}

/// The parameters that are not as expected, or that nothing is expected of: all of them, so that a policy can be put right at
/// once. What is `null`, empty or `false` is not set (SLSA 1.2, "Parsing rules").
pub(super) fn surprises(
    expected: &BTreeMap<String, Expected>,
    found: &Map<String, Value>,
    prefix: &str,
) -> Vec<Surprise> {
    let name = |key: &str| format!("{prefix}{key}");
    let mut all = vec![];
    for (key, value) in found.iter().filter(|(_, value)| is_set(value)) {
        match (expected.get(key), value) {
            (None, _) => all.push(Surprise::Unknown { name: name(key), found: value.clone() }),
            (Some(Expected::Table(expected)), Value::Object(found)) => {
                all.extend(surprises(expected, found, &format!("{}.", name(key))));
            }
            (Some(expected), value) if !expected.holds(value) => {
                let (found, wanted) = (shown(value), expected.to_string());
                all.push(Surprise::Other { name: name(key), found, wanted });
            }
            _ => {}
        }
    }
    let unset = expected
        .iter()
        .filter(|(key, expected)| !found.get(*key).is_some_and(is_set) && !expected.holds_unset());
    all.extend(
        unset.map(|(key, expected)| Surprise::Unset { name: name(key), wanted: expected.to_string() }),
    );
    all
}

/// How a parameter is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Surprise {
    Other { name: String, found: String, wanted: String },
    Unset { name: String, wanted: String },
    Unknown { name: String, found: Value },
}

/// Bytes of a line that is shown to be put into a policy.
const LINE_BYTES: usize = 200;

impl Surprise {
    /// How much it says: what contradicts the policy comes before what the policy is silent about.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Other { .. } => 0,
            Self::Unset { .. } => 1,
            Self::Unknown { .. } => 2,
        }
    }

    /// A parameter that nothing is expected of, and its value.
    pub(super) fn found(&self) -> Option<String> {
        let Self::Unknown { name, found } = self else { return None };
        Some(format!("`{name}` is `{}`", shown(found)))
    }

    /// The line of a policy that expects what nothing is expected of, where a line can say just that.
    pub(super) fn line(&self) -> Option<String> {
        let Self::Unknown { name, found } = self else { return None };
        let key = super::read::key_of(name);
        let is_plain = |part: &str| {
            !part.is_empty() && part.chars().all(|it| it.is_ascii_alphanumeric() || it == '-' || it == '_')
        };
        // What reads as a pattern would let in more than what was found.
        let is_exact = |text: &str| !text.contains(['*', '?']) && !text.chars().any(char::is_control);
        let value = match found {
            Value::String(text) if key.is_list => {
                let parts = text.split(',').collect::<Vec<_>>();
                parts.iter().all(|part| is_exact(part)).then(|| Value::from(parts).to_string())?
            }
            Value::String(text) if is_exact(text) => found.to_string(),
            Value::Array(items) if items.iter().all(|it| it.as_str().is_some_and(is_exact)) => {
                found.to_string()
            }
            Value::Bool(_) if !key.is_own => found.to_string(),
            Value::Number(number) if !key.is_own && number.is_i64() => found.to_string(),
            _ => return None,
        };
        let line = format!("{} = {value}", key.name);
        (key.name.split('.').all(is_plain) && line.len() <= LINE_BYTES).then_some(line)
    }

    /// The parameter, with those that it stands in.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Other { name, .. } | Self::Unknown { name, .. } | Self::Unset { name, .. } => name,
        }
    }
}

impl fmt::Display for Surprise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other { name, found, wanted } => {
                write!(f, "parameter `{name}` is `{found}`, expected `{wanted}`")
            }
            Self::Unknown { name, found } => {
                write!(f, "parameter `{name}` is `{}`, and the policy expects nothing of it", shown(found))
            }
            Self::Unset { name, wanted } => write!(f, "parameter `{name}` is not set, expected `{wanted}`"),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Table(_) => f.write_str("an object"),
            Self::List(patterns) | Self::Text(patterns) if patterns.is_empty() => f.write_str("nothing"),
            Self::List(patterns) | Self::Text(patterns) => f.write_str(&patterns.join(", ")),
        }
    }
}

fn fits(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| wildcard(pattern, text))
}

/// Whether each text fits a pattern, and each pattern without a wildcard is one of the texts.
fn all_fit(patterns: &[String], texts: &[&str]) -> bool {
    let mut plain = patterns.iter().filter(|pattern| !pattern.contains(['*', '?']));
    texts.iter().all(|text| fits(patterns, text)) && plain.all(|pattern| texts.contains(&pattern.as_str()))
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => map.values().any(is_set),
    }
}

/// A value as a message shows it.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    crate::policy::reader::quoted(&text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(patterns: &[&str]) -> Expected {
        Expected::Text(patterns.iter().map(|&pattern| pattern.to_owned()).collect())
    }

    fn list(patterns: &[&str]) -> Expected {
        Expected::List(patterns.iter().map(|&pattern| pattern.to_owned()).collect())
    }

    #[test]
    fn values_are_held_against_what_is_expected() {
        for (expected, value, holds) in [
            (text(&["release"]), json!("release"), true),
            (text(&["release"]), json!("releas"), false),
            (text(&["release"]), json!("Release"), false),
            (text(&["a", "b"]), json!("b"), true),
            (text(&["refs/tags/v*"]), json!("refs/tags/v1.2.3"), true),
            (text(&["refs/tags/v*"]), json!("refs/tags/v1/../../heads/main"), false),
            (text(&["refs/heads/**"]), json!("refs/heads/a/b"), true),
            (text(&["*"]), json!(1), false),
            (text(&["a", "b"]), json!(["b", "a"]), true),
            (text(&["a", "b"]), json!(["a"]), false),
            (text(&["a"]), json!(["a", "backdoor"]), false),
            (text(&["*"]), json!(["a", "backdoor"]), true),
            (text(&["a", "x-*"]), json!(["a"]), true),
            (text(&["a"]), json!(["a", 1]), false),
            (text(&["true"]), json!(true), false),
            (list(&["b", "a"]), json!("a,b"), true),
            (list(&["b", "a"]), json!("a"), false),
            (list(&["a"]), json!("a,backdoor"), false),
            (list(&["a"]), json!(["a"]), true),
            (list(&["a"]), json!("a,"), false),
            (Expected::Flag(true), json!(true), true),
            (Expected::Flag(true), json!("true"), false),
            (Expected::Number(1), json!(1), true),
            (Expected::Number(1), json!(1.5), false),
            (Expected::Number(1), json!(u64::MAX), false),
        ] {
            assert_eq!(expected.holds(&value), holds, "{expected} {value}");
        }
    }

    #[test]
    fn a_parameter_that_nobody_expects_is_a_surprise_and_so_is_one_that_is_missing() {
        let expected = BTreeMap::from([
            ("source".to_owned(), text(&["git+https://h/r"])),
            ("features".to_owned(), text(&[])),
            ("workflow".to_owned(), Expected::Table(BTreeMap::from([("ref".to_owned(), text(&["main"]))]))),
        ]);
        let look = |value: Value| {
            let surprises = surprises(&expected, value.as_object().expect("an object"), "");
            surprises.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        let (source, workflow) = ("git+https://h/r", json!({ "ref": "main" }));
        assert_eq!(look(json!({ "source": source, "workflow": workflow })), "");
        let unset =
            json!({ "source": source, "workflow": workflow, "features": [], "x": null, "y": false, "z": {} });
        assert_eq!(look(unset), "");
        assert_eq!(
            look(json!({ "source": source, "workflow": { "ref": "main", "path": "evil" } })),
            "parameter `workflow.path` is `evil`, and the policy expects nothing of it"
        );
        assert_eq!(
            look(json!({ "source": source, "workflow": workflow, "features": ["backdoor"] })),
            "parameter `features` is `[\"backdoor\"]`, expected `nothing`"
        );
        assert_eq!(
            look(json!({ "source": source })),
            "parameter `workflow` is not set, expected `an object`"
        );
        assert_eq!(
            look(json!({ "source": source, "workflow": "main" })),
            "parameter `workflow` is `main`, expected `an object`"
        );
    }

    #[test]
    fn all_that_surprises_is_told_at_once() {
        let expected = BTreeMap::from([("source".to_owned(), text(&["git+https://h/r"]))]);
        let found = json!({ "bin": "server", "profile": "release", "source": "git+https://h/fork" });
        let surprises = surprises(&expected, found.as_object().expect("an object"), "");
        let names = surprises.iter().map(Surprise::name).collect::<Vec<_>>();
        assert_eq!(names, ["bin", "profile", "source"]);
    }

    #[test]
    fn a_line_for_the_policy_expects_what_was_found_and_nothing_else() {
        let line = |name: &str, found: Value| Surprise::Unknown { name: name.to_owned(), found }.line();
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(line("bin", json!("server")), is(r#"bin = "server""#));
        assert_eq!(line("features", json!("a,b")), is(r#"features = ["a","b"]"#));
        assert_eq!(line("allFeatures", json!("true")), is(r#"all-features = "true""#));
        assert_eq!(line("hermetic", json!(true)), is("parameters.hermetic = true"));
        assert_eq!(line("preBuild", json!("make")), is(r#"parameters.preBuild = "make""#));
        assert_eq!(line("workflow.path", json!("a\"b")), is(r#"parameters.workflow.path = "a\"b""#));
        for (name, found) in [
            ("allFeatures", json!(true)),
            ("ref", json!("refs/heads/*")),
            ("features", json!("a,?")),
            ("preBuild", json!("a\u{7f}")),
            ("a b", json!("x")),
            ("a]\n[[root]", json!("x")),
            ("bin", json!("x".repeat(300))),
            ("bin", json!({ "a": 1 })),
        ] {
            assert_eq!(line(name, found.clone()), None, "{name} {found}");
        }
    }
}
