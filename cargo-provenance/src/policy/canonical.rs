//! The canonical form of a policy, which its digest is made of.
//!
//! A JSON text of what is written: keys sorted, no white space, empty tables left out. The entries of a list are
//! sorted as well, because every list of a policy is a set.

use provenance_build::Checksum;
use sha2::{Digest, Sha256};
use toml_span::value::{Table, Value, ValueInner};

/// What the hash begins with, so that no other text of the project can have the same digest.
const DOMAIN: &str = "cargo-provenance policy 1\n";

/// The digest of a canonical form.
pub(super) fn digest(canonical: &str) -> Checksum {
    let hash = Sha256::new().chain_update(DOMAIN).chain_update(canonical).finalize();
    Checksum::from_bytes(hash.into())
}

/// The canonical form of a policy's root table.
pub(super) fn canonical(root: &Table<'_>) -> String {
    let mut text = String::new();
    write_table(&mut text, root);
    text
}

fn write_table(text: &mut String, table: &Table<'_>) {
    text.push('{');
    let mut first = true;
    for (key, value) in table {
        if value.as_table().is_some_and(is_empty) {
            continue;
        }
        if !first {
            text.push(',');
        }
        first = false;
        write_string(text, &key.name);
        text.push(':');
        write_value(text, value);
    }
    text.push('}');
}

fn is_empty(table: &Table<'_>) -> bool {
    table.values().all(|value| value.as_table().is_some_and(is_empty))
}

fn write_value(text: &mut String, value: &Value<'_>) {
    match value.as_ref() {
        ValueInner::String(string) => write_string(text, string),
        ValueInner::Integer(integer) => text.push_str(&integer.to_string()),
        // The bits, because two floats can print alike; no key of the format takes one.
        ValueInner::Float(float) => text.push_str(&format!("f{:016x}", float.to_bits())),
        ValueInner::Boolean(boolean) => text.push_str(if *boolean { "true" } else { "false" }),
        ValueInner::Array(array) => {
            let mut entries = array
                .iter()
                .map(|entry| {
                    let mut text = String::new();
                    write_value(&mut text, entry);
                    text
                })
                .collect::<Vec<_>>();
            entries.sort();
            entries.dedup();
            text.push('[');
            text.push_str(&entries.join(","));
            text.push(']');
        }
        ValueInner::Table(table) => write_table(text, table),
    }
}

fn write_string(text: &mut String, string: &str) {
    text.push_str(&serde_json::Value::from(string).to_string());
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use crate::policy::Policy;
    use crate::policy::catalogue::SAMPLES;

    fn digest(text: &str) -> provenance_build::Checksum {
        Policy::parse(text.as_bytes(), Path::new("Provenance.toml"), SAMPLES).expect(text).digest()
    }

    #[test]
    fn spelling_makes_no_difference() {
        let plain = digest(
            "version = 1\nown = [\"../a\", \"../b\"]\n[checks]\nversion-too-new = { level = \"deny\", days = 9 }\n",
        );
        for same in [
            "version = 1 # one\nown = ['../b', '../a', '../a']\nchecks.version-too-new.days = 0x9\nchecks.version-too-new.level = 'deny'\n",
            "\"version\" = 1\r\nown = [\r\n \"../\\u0061\", # a\r\n \"../b\" ]\r\n[sources]\r\n[checks.version-too-new]\r\ndays = 9\r\nlevel = \"\"\"deny\"\"\"\r\n",
        ] {
            assert_eq!(digest(same), plain, "{same}");
        }
    }

    #[test]
    fn every_change_of_meaning_changes_the_digest() {
        let texts = [
            "version = 1\n",
            "version = 1\nown = [\"../a\"]\n",
            "version = 1\nown = [\"../a\", \"../b\"]\n",
            "version = 1\nown = [\"../a\\\",\\\"../b\"]\n",
            "version = 1\n[checks]\nversion-yanked = \"deny\"\n",
            "version = 1\n[checks]\nversion-yanked = \"note\"\n",
            "version = 1\n[checks]\nversion-too-new = \"deny\"\n",
            "version = 1\n[checks]\nversion-too-new = { days = 7 }\n",
            "version = 1\n[checks]\nversion-too-new = { days = 8 }\n",
            "version = 1\n[sources]\nregistries = []\n",
            "version = 1\n[sources]\ngit = []\n",
            "version = 1\n[sources]\ngit = [\"https://h/r\"]\n",
            "version = 1\n[sources]\nregistries = [\"crates-io\"]\n",
            "version = 1\n[sources]\nregistries = [{ name = \"crates-io\" }]\n",
            "version = 1\n[sources]\nregistries = [{ name = \"crates-io\", pubtime = \"absent\" }]\n",
            "version = 1\n[licenses]\nallow = [\"MIT\"]\n",
            "version = 1\n[advisories]\ndatabases = []\n",
            "version = 1\n[advisories]\ndatabases = [\"a\"]\n",
            "version = 1\n[advisories]\ndatabases = [{ from = \"a\", max-age = \"any\" }]\n",
            "version = 1\n[advisories]\nmax-age = \"1 day\"\n",
        ];
        for (i, one) in texts.iter().enumerate() {
            for other in &texts[i + 1..] {
                assert_ne!(digest(one), digest(other), "{one} and {other}");
            }
        }
    }

    /// A policy as lines of independent settings.
    fn settings() -> impl Strategy<Value = Vec<String>> {
        let level = prop::sample::select(vec!["deny", "review", "note", "allow"]);
        let check = prop::sample::select(vec!["version-yanked", "pubtime-unknown", "source"]);
        let one = prop_oneof![
            (check, level).prop_map(|(check, level)| format!("checks.{check} = \"{level}\"")),
            (0..400_u32).prop_map(|days| format!("checks.version-too-new.days = {days}")),
            prop::collection::vec("[a-z]{1,6}", 0..4).prop_map(|names| format!(
                "own = {:?}",
                names.iter().map(|n| format!("../{n}")).collect::<Vec<_>>()
            )),
            prop::collection::vec("LicenseRef-[A-Z]{1,5}", 0..4)
                .prop_map(|names| format!("licenses.allow = {names:?}")),
        ];
        prop::collection::vec(one, 0..6).prop_map(|mut lines| {
            lines.sort();
            lines.dedup_by_key(|line| line.split(" = ").next().map(str::to_owned));
            lines
        })
    }

    proptest! {
        #[test]
        fn order_comments_and_white_space_make_no_difference(
            lines in settings(), seed in any::<u64>(), comment in "[ -~]{0,20}"
        ) {
            let plain = format!("version = 1\n{}\n", lines.join("\n"));
            let mut shuffled = lines.clone();
            let turns = seed as usize % lines.len().max(1);
            shuffled.rotate_left(turns);
            let ending = if seed % 2 == 0 { "\n" } else { "\r\n" };
            let mut noisy = String::new();
            for line in shuffled {
                noisy.push_str(&format!("# {comment}{ending}\t {} # {comment}{ending}{ending}", line.replace(" = ", "  =\t")));
            }
            noisy.push_str(&format!("version=1{ending}"));
            prop_assert_eq!(digest(&plain), digest(&noisy));
        }

        #[test]
        fn one_more_setting_makes_a_difference(lines in settings()) {
            let plain = format!("version = 1\n{}\n", lines.join("\n"));
            let more = format!("{plain}sources.git = [\"https://h/r\"]\n");
            prop_assert_ne!(digest(&plain), digest(&more));
        }
    }
}
