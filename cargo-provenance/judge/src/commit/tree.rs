//! One folder of a commit as its bytes are.

use super::Id;

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What kind of thing it is: git's mode.
    pub mode: String,
    /// The name of its content.
    pub id: Id,
}

impl Entry {
    /// The top folder, by its tree.
    pub fn root(id: Id) -> Self {
        Self { mode: "40000".to_owned(), id }
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.mode == "40000"
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        matches!(self.mode.as_str(), "100644" | "100755")
    }

    /// What a tree has under a name; `own` is the tree's own name, which is as long as those in it.
    pub fn find(tree: &[u8], name: &str, own: &Id) -> Result<Option<Self>, &'static str> {
        let mut found = None;
        for entry in entries(tree, own) {
            let (mode, other, id) = entry?;
            // Which of two of a name is meant, each reader may see in its own way.
            if other == name.as_bytes() && found.replace(Self::of(mode, id)?).is_some() {
                return Err(ODD);
            }
        }
        Ok(found)
    }

    /// What a tree has under names that some file systems take for this one: they differ in their case alone.
    pub fn alike(tree: &[u8], name: &str, own: &Id) -> Result<Vec<Self>, &'static str> {
        let entries = entries(tree, own).filter(|entry| match entry {
            Ok((_, other, _)) => *other != name.as_bytes() && is_alike(other, name),
            Err(_) => true,
        });
        entries.map(|entry| entry.and_then(|(mode, _, id)| Self::of(mode, id))).collect()
    }

    fn of(mode: &[u8], id: &[u8]) -> Result<Self, &'static str> {
        let mode = std::str::from_utf8(mode).map_err(|_| ODD)?.to_owned();
        let hex = id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(Self { mode, id: Id::parse(&hex).ok_or(ODD)? })
    }
}

const ODD: &str = "a folder cannot be read";

type Raw<'t> = (&'t [u8], &'t [u8], &'t [u8]);

/// Mode, name and object of each entry: `MODE NAME`, a zero byte, and the object's name in binary.
fn entries<'t>(tree: &'t [u8], own: &Id) -> impl Iterator<Item = Result<Raw<'t>, &'static str>> {
    let (mut rest, length) = (tree, own.as_str().len() / 2);
    std::iter::from_fn(move || {
        let read = |rest: &mut &'t [u8]| {
            let space = rest.iter().position(|byte| *byte == b' ')?;
            let end = rest.iter().position(|byte| *byte == 0).filter(|end| *end > space)?;
            let (head, after) = rest.split_at(end);
            let (id, after) = after[1..].split_at_checked(length)?;
            *rest = after;
            Some((&head[..space], &head[space + 1..], id))
        };
        if rest.is_empty() {
            return None;
        }
        let entry = read(&mut rest).ok_or(ODD);
        if entry.is_err() {
            rest = &[];
        }
        Some(entry)
    })
}

fn is_alike(other: &[u8], name: &str) -> bool {
    // Some letters are alike only in one of the cases.
    let folded = |text: &str| text.to_uppercase().to_lowercase();
    match other.is_ascii() && name.is_ascii() {
        true => other.eq_ignore_ascii_case(name.as_bytes()),
        false => std::str::from_utf8(other).is_ok_and(|other| folded(other) == folded(name)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id() -> Id {
        Id::parse(&"01".repeat(20)).expect("an id")
    }

    #[test]
    fn an_entry_is_found_by_its_whole_name() {
        let entry = |text: &str| [text.as_bytes(), b"\0", &[1; 20]].concat();
        let tree = [entry("100644 ab"), entry("40000 a"), entry("160000 c")].concat();
        let find = |name: &str| Entry::find(&tree, name, &id()).expect("readable");
        assert!(find("a").is_some_and(|it| it.is_folder() && it.id == id()));
        assert!(find("ab").is_some_and(|it| it.is_file()));
        assert_eq!(find("c").map(|it| it.mode).as_deref(), Some("160000"));
        assert_eq!(find("b"), None);
        assert!(Entry::find(&[entry("40000 a"), entry("100644 a")].concat(), "a", &id()).is_err());
        assert!(Entry::find(&tree[..tree.len() - 1], "a", &id()).is_err());
    }

    #[test]
    fn names_that_differ_in_their_case_alone_are_alike() {
        let entry = |text: &str| [text.as_bytes(), b"\0", &[1; 20]].concat();
        let tree = [entry("40000 .Cargo"), entry("40000 .cargo"), entry("40000 .\u{e9}"), entry("100644 x")]
            .concat();
        let alike = |name: &str| Entry::alike(&tree, name, &id()).expect("readable").len();
        assert_eq!(
            [".cargo", ".CARGO", ".\u{c9}", ".\u{e9}", "X", "x", "y"].map(alike),
            [1, 2, 1, 0, 1, 0, 0]
        );
        assert!(Entry::alike(&tree[..tree.len() - 1], "a", &id()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, name in "[a-z]{0,3}") {
            let _ = (Entry::find(&bytes, &name, &id()), Entry::alike(&bytes, &name, &id()));
        }
    }
}
