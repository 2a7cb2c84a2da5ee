//! Strings and keys as `toml_write` 0.1 spells them, which is what cargo-vet 0.10 writes with.

/// A key: bare where it can be, else quoted.
pub(super) fn key(name: &str) -> String {
    let is_bare =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let seen = Seen::of(name);
    if is_bare {
        name.to_owned()
    } else if !seen.controls && !seen.breaks && !seen.backslash && seen.double_quotes == 0 {
        format!("\"{}\"", escaped(name, 0))
    } else if !seen.controls && !seen.breaks && seen.single_quotes == 0 {
        format!("'{name}'")
    } else {
        format!("\"{}\"", escaped(name, 0))
    }
}

/// A value: the plainest of the four kinds of strings that can hold the text.
pub(super) fn string(text: &str) -> String {
    let seen = Seen::of(text);
    let first = if seen.breaks { "\n" } else { "" };
    let plain = !seen.controls && !seen.backslash;
    if plain && seen.double_quotes == 0 && !seen.breaks {
        format!("\"{}\"", escaped(text, 0))
    } else if !seen.controls && seen.single_quotes == 0 && !seen.breaks {
        format!("'{text}'")
    } else if plain && seen.double_quotes <= 2 {
        format!("\"\"\"{first}{}\"\"\"", escaped(text, 2))
    } else if !seen.controls && seen.single_quotes <= 2 {
        format!("'''{first}{text}'''")
    } else if seen.breaks {
        format!("\"\"\"{first}{}\"\"\"", escaped(text, 2))
    } else {
        format!("\"{}\"", escaped(text, 0))
    }
}

/// What of a text decides how it is quoted.
struct Seen {
    // The longest runs of quotes, as `toml_write` counts them: in a byte.
    single_quotes: u8,
    double_quotes: u8,
    backslash: bool,
    breaks: bool,
    controls: bool,
}

impl Seen {
    fn of(text: &str) -> Self {
        let run = |quote: u8| {
            let runs = text.as_bytes().split(|byte| *byte != quote).map(<[u8]>::len);
            runs.max().unwrap_or(0).min(usize::from(u8::MAX)) as u8
        };
        Self {
            single_quotes: run(b'\''),
            double_quotes: run(b'"'),
            backslash: text.contains('\\'),
            breaks: text.contains('\n'),
            controls: text.bytes().any(|b| matches!(b, 0..=8 | 0xb..=0x1f | 0x7f)),
        }
    }
}

// Line breaks and up to two quotes in a row stand as they are in a string of several lines.
fn escaped(text: &str, quotes: usize) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut run = 0;
    for c in text.chars() {
        run = if c == '"' { run + 1 } else { 0 };
        match c {
            '"' if run > quotes => {
                escaped.push_str("\\\"");
                run = 0;
            }
            '\u{8}' => escaped.push_str("\\b"),
            '\t' => escaped.push_str("\\t"),
            '\n' if quotes == 0 => escaped.push_str("\\n"),
            '\u{c}' => escaped.push_str("\\f"),
            '\r' => escaped.push_str("\\r"),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push(c),
            '\0'..='\u{1f}' | '\u{7f}' => escaped.push_str(&format!("\\u{:04X}", u32::from(c))),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn strings_are_spelled_as_cargo_vet_spells_them() {
        for (text, spelled) in [
            ("plain", r#""plain""#),
            ("a\tb", r#""a\tb""#),
            ("", r#""""#),
            (r#"a "word""#, r#"'a "word"'"#),
            (r"C:\dir", r"'C:\dir'"),
            (r#"it's "so""#, r#""""it's "so"""""#),
            ("two\nlines", "\"\"\"\ntwo\nlines\"\"\""),
            ("two\nlines\\", "'''\ntwo\nlines\\'''"),
            ("a \\ and '''\nb", "\"\"\"\na \\\\ and '''\nb\"\"\""),
            ("bell \u{7}", r#""bell \u0007""#),
            ("cr\r\n", "\"\"\"\ncr\\r\n\"\"\""),
            ("\"\"\"\"", "'\"\"\"\"'"),
            ("\"\"\"'", "'''\"\"\"''''"),
        ] {
            assert_eq!(string(text), spelled, "{text:?}");
        }
        for (name, spelled) in
            [("a-b_1", "a-b_1"), ("a.b", "\"a.b\""), ("", "\"\""), ("a\"b", "'a\"b'"), ("a\nb", "\"a\\nb\"")]
        {
            assert_eq!(key(name), spelled, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(text in "(?s)[\"'\\\\\n\t\ra-c \u{0}-\u{1f}\u{7f}é]{0,12}") {
            let document = format!("{} = {}\n", key(&text), string(&text));
            let table = toml_span::parse(&document).expect("TOML").take();
            let toml_span::value::ValueInner::Table(table) = table else { panic!("a table") };
            let (key, value) = table.first_key_value().expect("an entry");
            prop_assert_eq!(&*key.name, &*text);
            prop_assert_eq!(value.as_str(), Some(&*text));
        }
    }
}
