//! Counts the dotted keys of a document before it is parsed: the parser looks through the whole table for each of them, so that a
//! few megabytes of them would keep it busy for hours.

/// Dotted keys of one file: nobody writes audits with any.
pub(super) const KEYS: usize = 256;

/// Where the first dotted key is that is one too many.
pub(super) fn beyond(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut is_dotted, mut keys) = (0, false, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => at = line_end(bytes, at),
            b'"' | b'\'' => at = string_end(bytes, at),
            _ => at += 1,
        }
        match byte {
            b'.' => is_dotted = true,
            b'=' if is_dotted => {
                (keys, is_dotted) = (keys + 1, false);
                if keys > KEYS {
                    return Some(at - 1);
                }
            }
            // What came before was no key.
            b'\n' | b',' | b'[' | b']' | b'{' | b'}' => is_dotted = false,
            _ => {}
        }
    }
    None
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length)
}

/// What follows the string that begins at `at`; one that is not closed ends with its line, or with the text.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let quotes = |from: usize| bytes[from..].iter().take_while(|byte| **byte == quote).count();
    let is_long = quotes(at) >= 3;
    let mut end = at + if is_long { 3 } else { 1 };
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'\\' if quote == b'"' => end += 2,
            b'\n' if !is_long => return end,
            _ if *byte != quote => end += 1,
            _ if !is_long => return end + 1,
            _ => match quotes(end) {
                // The last three close it; two before them can belong to it.
                number @ 3.. => return end + number.min(5),
                number => end += number,
            },
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::audit::Published;

    fn many(unit: &str) -> String {
        (0..=KEYS).map(|number| unit.replace('N', &number.to_string())).collect()
    }

    #[test]
    fn dotted_keys_are_counted_wherever_they_stand() {
        for text in [
            many("aN.b = 1\n"),
            many("'aN' . \"b\" = 1\n"),
            format!("[x]\n{}", many("aN.b=1\n")),
            format!("x = {{{}z = 1}}", many("aN.b = 1.5, ")),
            format!("x = [{{{}z = 1}}]", many("aN.b = '''x'''', ")),
            format!("x = {{s = \"\"\"a\\\"\"\"\"\", {}z = 1}}", many("aN.b = \"#\", ")),
        ] {
            assert!(beyond(&text).is_some(), "{}", &text[..60]);
            let error = Published::read(text.as_bytes(), Path::new("a.toml")).expect_err("refused");
            assert!(error.to_string().contains("dotted keys"), "{error}");
        }
    }

    #[test]
    fn what_only_looks_like_a_dotted_key_is_none() {
        for text in [
            many("[[audits.aN]]\nversion = '1.0.N'\n"),
            many("aN = 1.5\n"),
            many("# a.N = 1\n"),
            format!("notes = '''\n{}'''\n", many("a.N = 1\n")),
            format!("notes = \"\"\"\n{}\\\"\"\"\"\n", many("a.N = 1\n")),
            format!("x = {{{}z = 1}}", many("aN = 1.5, ")),
            many("\"a.N\" = 1\n"),
        ] {
            assert_eq!(beyond(&text), None, "{}", &text[..60]);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a.='\"\\\\\n#{}, ]{0,60}") {
            prop_assert_eq!(beyond(&text), None);
        }
    }
}
