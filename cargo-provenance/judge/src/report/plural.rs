//! Numbers with their nouns.

/// `1 package`, `2 packages`, `2 dependencies`: the number and the noun, given in the singular.
pub fn plural(number: usize, noun: &str) -> String {
    if number == 1 {
        return format!("1 {noun}");
    }
    let consonant_y =
        noun.len() > 1 && noun.ends_with('y') && !noun[..noun.len() - 1].ends_with(['a', 'e', 'i', 'o', 'u']);
    match noun.strip_suffix('y') {
        Some(stem) if consonant_y => format!("{number} {stem}ies"),
        _ if noun.ends_with(['s', 'x']) || noun.ends_with("ch") => format!("{number} {noun}es"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn nouns_agree_with_their_number() {
        for (number, noun, expected) in [
            (0, "package", "0 packages"),
            (1, "package", "1 package"),
            (2, "dependency", "2 dependencies"),
            (2, "key", "2 keys"),
            (2, "patch", "2 patches"),
            (3, "drift", "3 drifts"),
        ] {
            assert_eq!(plural(number, noun), expected);
        }
    }
}
