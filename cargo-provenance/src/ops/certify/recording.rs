//! How entries get into the files of a store.
//!
//! A file that is as cargo-vet writes it stays so. Any other one belongs to somebody who wrote it by hand, with comments that
//! cargo-vet would drop: the entries are put between its lines, and no other byte changes. Whatever is written was read back
//! before, and says what it is meant to say.

use super::entry::{Entry, usage};
use crate::audit::{Config, Set, Store, Wildcard};
use crate::model::Date;
use crate::report::failure::Failure;

/// A change of a file.
pub(super) enum Edit {
    /// An entry that is new.
    Add(Entry),
    /// A wildcard entry, as it is, that ends later.
    Renew(String, Wildcard, Date),
}

/// The new texts of the files that change, each with whether it is as cargo-vet writes it.
pub(super) struct Written {
    pub(super) files: Vec<(&'static str, String)>,
    /// Files that others wrote by hand, and that stay so.
    pub(super) by_hand: Vec<&'static str>,
}

impl Edit {
    fn file(&self) -> &'static str {
        match self {
            Self::Add(entry) => entry.file(),
            Self::Renew(..) => "audits.toml",
        }
    }

    fn apply(&self, store: &mut Store) {
        match self {
            Self::Add(entry) => entry.put(store),
            Self::Renew(krate, old, end) => {
                let entries = store.audits.wildcards.get_mut(krate).into_iter().flatten();
                entries.filter(|entry| *entry == old).for_each(|entry| entry.end = *end);
            }
        }
    }
}

/// Makes `edits` in a store whose files have these texts; the store is changed as well.
pub(super) fn write(
    store: &mut Store,
    texts: [(&'static str, Option<&str>); 3],
    edits: &[Edit],
) -> Result<Written, Failure> {
    let before = [store.config_text(), store.audits_text(), store.imports_text()];
    let old = store.clone();
    edits.iter().for_each(|edit| edit.apply(store));
    let after = [store.config_text(), store.audits_text(), store.imports_text()];
    let mut written = Written { files: vec![], by_hand: vec![] };
    for (((name, text), before), after) in texts.into_iter().zip(before).zip(after) {
        let edits = edits.iter().filter(|edit| edit.file() == name).collect::<Vec<_>>();
        let Some(text) = text else {
            written.files.push((name, after));
            continue;
        };
        if edits.is_empty() {
            continue;
        }
        let unix = text.replace("\r\n", "\n");
        let new = if unix.trim_end() == before.trim_end() {
            if unix == text { after.clone() } else { after.replace('\n', "\r\n") }
        } else {
            written.by_hand.push(name);
            let means = |text: &str| canonical(store, name, text).is_some_and(|text| text == after);
            let texts =
                [Place::Beside, Place::End].into_iter().map(|place| edited(&old, text, &edits, place));
            let mut texts = texts.flatten().filter(|text| means(text));
            texts.next().ok_or_else(|| by_hand(name, &old, &edits))?
        };
        written.files.push((name, new));
    }
    // What is written is what will be read, whatever stands in the notes.
    for (name, text) in &written.files {
        if canonical(store, name, text).is_none() {
            return Err(usage(
                format!("`{}` could not be read any more", store.folder.join(name).display()),
                "leave the notes out",
            ));
        }
    }
    Ok(written)
}

fn by_hand(name: &str, store: &Store, edits: &[&Edit]) -> Failure {
    let what = format!(
        "`{}` is written by hand in a way that entries cannot be put into",
        store.folder.join(name).display()
    );
    let mut failure =
        usage(what, "run `cargo vet fmt`, which drops its comments, or put this into it by hand:");
    let texts = edits.iter().filter_map(|edit| match edit {
        Edit::Add(entry) => Some(entry.text(store)),
        Edit::Renew(..) => None,
    });
    failure.help.extend(texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()));
    failure
}

/// What a text says, as cargo-vet would write it; nothing where it says nothing.
fn canonical(store: &Store, name: &str, text: &str) -> Option<String> {
    let file = store.folder.join(name);
    let mut read = Store { imports: store.imports.clone(), ..Store::default() };
    match name {
        "config.toml" => {
            read.config = Config::read(text.as_bytes(), &file).ok()?;
            Some(read.config_text())
        }
        "audits.toml" => {
            read.audits = Set::read(text.as_bytes(), &file).ok()?;
            Some(read.audits_text())
        }
        // Nothing is added to it.
        _ => Some(store.imports_text()),
    }
}

/// Where new entries go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Behind those of the same crate, else before those of the next one.
    Beside,
    /// To the end, where nothing can be mistaken for a header.
    End,
}

/// A text with edits in it, and every other byte as it was. Whether it means what it should is for the caller to see.
fn edited(store: &Store, text: &str, edits: &[&Edit], place: Place) -> Option<String> {
    let mut text = text.to_owned();
    let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
    // First, while the lines that entries are known by are where they were.
    let mut renewals = edits.iter().filter_map(|edit| match edit {
        Edit::Renew(_, old, end) => Some((old, *end)),
        Edit::Add(_) => None,
    });
    for (old, end) in &mut renewals {
        text = renewed(&text, old, end)?;
    }
    for edit in edits {
        let Edit::Add(entry) = edit else { continue };
        let block = entry.text(store).replace('\n', eol);
        let at = match place {
            Place::Beside => beside(&text, entry).unwrap_or(text.len()),
            Place::End => text.len(),
        };
        let (before, after) = text.split_at(at);
        let gap = match before {
            "" => "",
            _ if before.ends_with(&format!("{eol}{eol}")) => "",
            _ if before.ends_with('\n') => eol,
            _ => &format!("{eol}{eol}"),
        };
        // A comment or a header that follows keeps its distance.
        let rest = if after.is_empty() || after.starts_with(['\r', '\n']) { "" } else { eol };
        text = format!("{before}{gap}{block}{rest}{after}");
    }
    Some(text)
}

/// The lines of a text, each with the byte where it begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    })
}

/// The byte before which an entry belongs.
fn beside(text: &str, entry: &Entry) -> Option<usize> {
    let lines = lines(text).collect::<Vec<_>>();
    // What stands in a string of several lines is no header. Where this is wrong, the text means something else.
    let mut is_inside = false;
    let outside = lines.iter().map(|(_, line)| {
        let was_inside = is_inside;
        let quotes = line.matches("\"\"\"").count() + line.matches("'''").count();
        is_inside ^= quotes % 2 == 1;
        !was_inside
    });
    let outside = outside.collect::<Vec<_>>();
    let headers =
        lines.iter().enumerate().filter(|(number, _)| outside[*number]).filter_map(|(number, (_, line))| {
            let line = line.split('#').next().unwrap_or_default().trim();
            let name = line.strip_prefix("[[")?.strip_suffix("]]")?.trim().strip_prefix(entry.table())?;
            let name = name.trim_start().strip_prefix('.')?.trim();
            Some((number, name.trim_matches(['"', '\''])))
        });
    let headers = headers.collect::<Vec<_>>();
    let is_header = |line: &str| line.trim_start().starts_with('[');
    if let Some((last, _)) = headers.iter().rfind(|(_, name)| *name == entry.krate) {
        let next = (last + 1..lines.len()).find(|number| outside[*number] && is_header(lines[*number].1));
        let end = next.unwrap_or(lines.len());
        // Comments above a header are about what follows.
        let is_loose = |number: &usize| {
            let line = lines[*number].1.trim();
            line.is_empty() || line.starts_with('#')
        };
        let end = match next {
            Some(_) => (last + 1..end).rev().find(|number| !is_loose(number)).map_or(last + 1, |it| it + 1),
            None => end,
        };
        return Some(lines.get(end).map_or(text.len(), |(at, _)| *at));
    }
    let (next, _) = headers.iter().find(|(_, name)| *name > entry.krate.as_str())?;
    let is_above = |number: &usize| lines[*number].1.trim_start().starts_with('#');
    let first = (0..*next).rev().take_while(is_above).last().unwrap_or(*next);
    lines.get(first).map(|(at, _)| *at)
}

/// A text in which a wildcard entry ends on another day.
fn renewed(text: &str, old: &Wildcard, end: Date) -> Option<String> {
    let first = usize::try_from(old.line).ok()?.checked_sub(1)?;
    let was = old.end.to_string();
    let is_end = |line: &str| {
        line.split_once('=').is_some_and(|(key, value)| key.trim() == "end" && value.contains(&was))
    };
    let (at, line) = lines(text).skip(first).find(|(_, line)| is_end(line))?;
    let behind = &text[at + line.len()..];
    Some(format!("{}{}{behind}", &text[..at], line.replacen(&was, &end.to_string(), 1)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::entry::{EntryKind, empty};
    use super::*;
    use crate::audit::{Audit, AuditKind, VetVersion};

    /// A file that somebody wrote by hand.
    const BY_HAND: &str = r#"# Ours. Keep them sorted.

[criteria.sound]   # see the wiki
description = """
[[audits.omega]]
is no header here
"""

[audits]

# The first one.
[[audits.alpha]]
who = "Ann"
criteria = "safe-to-deploy"
version = "1.0.0" # on the train

# About zeta.
[[audits.zeta]]
criteria = ["sound"]
version = "1.0.0"
"#;

    fn entry(krate: &str) -> Entry {
        let kind = AuditKind::Full(VetVersion::parse("2.0.0").expect("a version"));
        let (who, criteria) = (vec!["Bob".to_owned()], vec!["safe-to-run".to_owned()]);
        let (notes, aggregated_from) = (Some("two\nlines".to_owned()), vec![]);
        let audit = Audit { who, criteria, kind, importable: true, notes, aggregated_from, line: 0 };
        Entry { krate: krate.to_owned(), kind: EntryKind::Audit(audit) }
    }

    fn written(audits: &str, crates: &[&str]) -> Result<Written, Failure> {
        let mut store = empty("supply-chain");
        store.audits = Set::read(audits.as_bytes(), Path::new("audits.toml")).expect("a set");
        let config = store.config_text();
        let edits = crates.iter().map(|krate| Edit::Add(entry(krate))).collect::<Vec<_>>();
        let imports = store.imports_text();
        let texts = [
            ("config.toml", Some(&*config)),
            ("audits.toml", Some(audits)),
            ("imports.lock", Some(&*imports)),
        ];
        write(&mut store, texts, &edits)
    }

    /// The text with what is new taken out again.
    fn without(text: &str, krate: &str) -> String {
        let block = format!(
            "[[audits.{krate}]]\nwho = \"Bob\"\ncriteria = \"safe-to-run\"\nversion = \"2.0.0\"\nnotes = \"\"\"\ntwo\nlines\"\"\"\n"
        );
        assert_eq!(text.matches(&block).count(), 1, "{text}");
        text.replace(&block, "")
    }

    #[test]
    fn entries_are_put_between_the_lines_of_a_file_that_somebody_wrote() {
        for (krate, before) in [
            ("alpha", "version = \"1.0.0\" # on the train\n\n"),
            ("beta", "version = \"1.0.0\" # on the train\n\n"),
            ("zz", "version = \"1.0.0\"\n\n"),
        ] {
            let written = written(BY_HAND, &[krate]).expect("written");
            assert_eq!(written.by_hand, ["audits.toml"]);
            let [("audits.toml", text)] = &written.files[..] else { panic!("one file") };
            let at = text.find(&format!("[[audits.{krate}]]\nwho = \"Bob\"")).expect("an entry");
            assert!(text[..at].ends_with(before), "{krate}: {text}");
            // Every line that was there is there, in order, and blank lines apart nothing else.
            let lines = |text: &str| {
                text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
            };
            assert_eq!(lines(&without(text, krate)), lines(BY_HAND));
        }
        // What looks like a header in a text is none.
        let written = written(BY_HAND, &["omega", "beta"]).expect("written");
        let text = without(&without(&written.files[0].1, "omega"), "beta");
        assert!(text.starts_with(BY_HAND.split("[audits]").next().expect("text")), "{text}");
    }

    #[test]
    fn a_file_as_cargo_vet_writes_it_stays_so_whatever_ends_its_lines() {
        let mut store = empty("supply-chain");
        let edit = Edit::Add(entry("a"));
        edit.apply(&mut store);
        let one = store.audits_text();
        Edit::Add(entry("b")).apply(&mut store);
        let two = store.audits_text();
        let unix = written(&one, &["b"]).expect("written");
        assert_eq!((unix.files, unix.by_hand), (vec![("audits.toml", two.clone())], vec![]));
        let windows = written(&one.replace('\n', "\r\n"), &["b"]).expect("written");
        assert_eq!(windows.files, [("audits.toml", two.replace('\n', "\r\n"))]);
    }

    #[test]
    fn where_nothing_can_be_put_in_the_entry_is_shown() {
        let failure = written(
            "# mine\naudits = { a = [{ criteria = \"safe-to-run\", version = \"1.0.0\" }] }\n",
            &["b"],
        );
        let failure = failure.err().expect("refused");
        assert!(failure.message.contains("written by hand"), "{failure:?}");
        assert!(failure.help.contains(&"[[audits.b]]".to_owned()), "{failure:?}");
    }

    #[test]
    fn a_renewal_changes_one_date() {
        let audits = "# ours\n[audits]\n[[wildcard-audits.a]]\nwho = \"Ann\"\ncriteria = \"safe-to-run\"\nuser-id = 1 # me\n\
                      start = \"2026-01-01\"\nend   = '2026-06-01' # soon\n";
        let mut store = empty("supply-chain");
        store.audits = Set::read(audits.as_bytes(), Path::new("audits.toml")).expect("a set");
        let old = store.audits.wildcards["a"][0].clone();
        let end = Date::parse("2027-01-01").expect("a date");
        let texts = [("config.toml", None), ("audits.toml", Some(audits)), ("imports.lock", None)];
        let written = write(&mut store, texts, &[Edit::Renew("a".into(), old, end)]).expect("written");
        let text = &written.files.iter().find(|(name, _)| *name == "audits.toml").expect("a file").1;
        assert_eq!(*text, audits.replace("2026-06-01", "2027-01-01"));
    }
}
