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
        let odd = "a folder cannot be read";
        let (mut rest, mut found) = (tree, None);
        while !rest.is_empty() {
            let space = rest.iter().position(|byte| *byte == b' ').ok_or(odd)?;
            let end = rest.iter().position(|byte| *byte == 0).filter(|end| *end > space).ok_or(odd)?;
            let (head, after) = rest.split_at(end);
            let (id, after) = after[1..].split_at_checked(own.as_str().len() / 2).ok_or(odd)?;
            rest = after;
            if head[space + 1..] != *name.as_bytes() {
                continue;
            }
            let mode = std::str::from_utf8(&head[..space]).map_err(|_| odd)?.to_owned();
            let hex = id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let entry = Self { mode, id: Id::parse(&hex).ok_or(odd)? };
            // Which of two of a name is meant, each reader may see in its own way.
            if found.replace(entry).is_some() {
                return Err(odd);
            }
        }
        Ok(found)
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

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, name in "[a-z]{0,3}") {
            let _ = Entry::find(&bytes, &name, &id());
        }
    }
}
