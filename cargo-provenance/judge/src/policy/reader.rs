//! What every part of the policy's reader needs: typed values, known keys, and errors with a line and a suggestion.

use std::path::Path;

use toml_span::Span;
use toml_span::value::{Table, Value, ValueInner};

use super::{At, POLICY_BYTES, PolicyError, PolicyErrorKind, VERSION};

/// What a text that is quoted in a message is cut to.
const QUOTED_CHARS: usize = 60;
/// Where a text begins.
const START: Span = Span { start: 0, end: 0 };

/// The text of a policy and where it came from.
pub struct Reader<'t> {
    /// The text.
    pub text: &'t str,
    /// Its file, for messages.
    pub file: &'t Path,
}

/// What the readers of policies return.
pub type Result<T, E = PolicyError> = std::result::Result<T, E>;

impl<'t> Reader<'t> {
    /// Takes bytes for the text of a policy.
    ///
    /// # Errors
    ///
    /// Too many of them, or such that are no UTF-8.
    pub fn new(bytes: &'t [u8], file: &'t Path) -> Result<Self> {
        let reader = Self { text: "", file };
        if bytes.len() > POLICY_BYTES {
            let what = format!("has {} bytes, and a policy at most {POLICY_BYTES}", bytes.len());
            return Err(PolicyError {
                line: 0,
                ..reader.invalid(START, &what, "keep generated lists out of the policy")
            });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            let line = u32::try_from(line).unwrap_or(0);
            let help = "save it as UTF-8 in your editor, or let `iconv -f WINDOWS-1252 -t UTF-8` convert it";
            PolicyError { line, ..reader.invalid(START, "is not UTF-8", help) }
        })?;
        Ok(Self { text, file })
    }

    /// The whole text as a table.
    ///
    /// # Errors
    ///
    /// What is no TOML.
    pub fn document(&self) -> Result<Table<'t>> {
        let mut root = toml_span::parse(self.text).map_err(|error| {
            let start = error.span.start.min(self.text.len());
            self.invalid(Span::new(start, start), &quoted(&error.to_string()), "correct the TOML syntax")
        })?;
        match root.take() {
            ValueInner::Table(table) => Ok(table),
            _ => Err(self.invalid(START, "is not a table", "begin with `version = 1`")),
        }
    }
}

impl Reader<'_> {
    /// Reads the version first: with another format, no other message would make sense.
    pub fn version(&self, root: &Table<'_>) -> Result<()> {
        let Some((key, value)) = root.get_key_value("version") else {
            return Err(self.invalid(START, "`version` is missing", "begin the file with `version = 1`"));
        };
        match value.as_integer() {
            Some(VERSION) => Ok(()),
            Some(newer) if newer > VERSION => Err(PolicyError {
                help: "install a newer cargo-provenance".to_owned(),
                ..self.unsupported(key.span, &format!("format version {newer}"))
            }),
            _ => Err(self.invalid(value.span, "`version` is not a known format", "write `version = 1`")),
        }
    }

    /// Refuses a key that is none of these.
    pub fn known(&self, table: &Table<'_>, place: &str, keys: &[&'static str]) -> Result<()> {
        let mut unknown = table.keys().filter(|key| !keys.contains(&&*key.name)).collect::<Vec<_>>();
        unknown.sort_by_key(|key| key.span.start);
        let Some(key) = unknown.first() else { return Ok(()) };
        let place = if place.is_empty() { String::new() } else { format!(" of `{place}`") };
        let what = format!("`{}` is not a key{place}", quoted(&key.name));
        Err(self.invalid(key.span, &what, &did_you_mean(&key.name, keys.iter().copied())))
    }

    /// The table that must stand here.
    pub fn table<'v>(&self, value: &mut Value<'v>, key: Span, name: &str) -> Result<Table<'v>> {
        if value.as_table().is_none() {
            let help = format!("write a table, `[{name}]`");
            return Err(self.wanted(
                &Value::with_span(value.take(), key),
                &format!("`{name}`"),
                "a table",
                &help,
            ));
        }
        match value.take() {
            ValueInner::Table(table) => Ok(table),
            _ => Ok(Table::new()),
        }
    }

    /// The array that must stand here.
    pub fn array<'v>(&self, mut value: Value<'v>, name: &str) -> Result<Vec<Value<'v>>> {
        match value.take() {
            ValueInner::Array(array) => Ok(array),
            other => {
                let value = Value::with_span(other, value.span);
                Err(self.wanted(&value, &format!("`{name}`"), "an array", "write a list in `[` and `]`"))
            }
        }
    }

    /// The strings that must stand here, each taken apart.
    pub fn strings<T>(
        &self,
        value: Value<'_>,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        help: &str,
    ) -> Result<Vec<At<T>>> {
        let mut parsed = vec![];
        for entry in self.array(value, name)? {
            let Some(text) = entry.as_str() else {
                return Err(self.wanted(&entry, &format!("an entry of `{name}`"), "a string", help));
            };
            let Some(value) = parse(text) else {
                let what = format!("`{}` is not an entry for `{name}`", quoted(text));
                return Err(self.invalid(entry.span, &what, help));
            };
            parsed.push(At { value, line: self.line(entry.span) });
        }
        Ok(parsed)
    }

    /// The boolean that must stand here.
    pub fn boolean(&self, value: &Value<'_>, name: &str) -> Result<bool> {
        value.as_bool().ok_or_else(|| {
            self.wanted(value, &format!("`{name}`"), "a boolean", "write `true` or `false`, without quotes")
        })
    }

    /// The error of a value of another type.
    pub fn wanted(&self, value: &Value<'_>, name: &str, wanted: &str, help: &str) -> PolicyError {
        let found = value.as_ref().type_str();
        self.invalid(value.span, &format!("{name} is {wanted}, found: {found}"), help)
    }

    /// The error of something that stands in the text.
    pub fn invalid(&self, span: Span, what: &str, help: &str) -> PolicyError {
        PolicyError {
            file: self.file.to_owned(),
            line: self.line(span),
            kind: PolicyErrorKind::Invalid,
            what: what.to_owned(),
            help: help.to_owned(),
        }
    }

    pub(super) fn unsupported(&self, span: Span, what: &str) -> PolicyError {
        PolicyError {
            kind: PolicyErrorKind::Unsupported,
            ..self.invalid(
                span,
                &format!("{what} is not supported by this version of cargo-provenance"),
                "remove it, or install a version that supports it",
            )
        }
    }

    /// The line of a place in the text, counted from 1.
    pub fn line(&self, span: Span) -> u32 {
        let before = self.text.as_bytes().get(..span.start.min(self.text.len())).unwrap_or_default();
        u32::try_from(before.iter().filter(|byte| **byte == b'\n').count() + 1).unwrap_or(u32::MAX)
    }
}

/// A suggestion where one is near, else what could stand here.
pub fn did_you_mean(text: &str, known: impl Iterator<Item = &'static str> + Clone) -> String {
    match nearest(text, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let known = known.take(12).map(|key| format!("`{key}`")).collect::<Vec<_>>();
            format!("known here: {}", known.join(", "))
        }
    }
}

/// The known word that is at most a third of its letters away.
pub fn nearest<'k>(text: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    // A name as long as a page is not a slip of the finger, and would cost time to compare.
    if text.len() > QUOTED_CHARS {
        return None;
    }
    known
        .map(|key| (strsim::damerau_levenshtein(text, key), key))
        .filter(|(distance, key)| *distance <= key.len().max(text.len()).div_ceil(3))
        .min()
        .map(|(_, key)| key)
}

/// Text of the policy, cut to what a message can hold.
pub fn quoted(text: &str) -> String {
    let mut short = text.chars().take(QUOTED_CHARS).collect::<String>();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
