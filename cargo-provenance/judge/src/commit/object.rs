//! The strict reader of raw commits and tags.
//!
//! Git is lenient where this is not: it takes two signature headers for one, ends texts at a NUL byte, and guesses at broken lines.
//! What two readers could take for two things vouches for nothing here.

use super::Id;

/// Bytes of one commit or tag: the largest message of the Linux kernel has 100 kB, and a merged tag is carried along.
pub const OBJECT_BYTES: usize = 4 * 1024 * 1024;

/// Parents of a commit: the largest merge of the Linux kernel has 66.
const PARENTS: usize = 512;

/// What a subject is cut to.
const SUBJECT_CHARS: usize = 72;

/// Headers that hold signatures, by the length of the repository's names: the one for SHA-1, the one for SHA-256.
const SIGNATURES: [&str; 2] = ["gpgsig", "gpgsig-sha256"];

/// What a commit hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// Its files.
    pub tree: Id,
    /// The commits before it.
    pub parents: Vec<Id>,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// What it hangs on.
    pub links: Links,
    /// Who committed it.
    pub committer: Person,
    /// The first line of its message, shortened.
    pub subject: String,
    /// The signature that it carries.
    pub signature: Option<String>,
    /// The bytes that are signed.
    pub payload: Vec<u8>,
}

/// An annotated tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The commit that it is put on.
    pub commit: Id,
    /// Its name.
    pub name: String,
    /// Who put it there.
    pub tagger: Person,
    /// The signature that it carries.
    pub signature: Option<String>,
    /// The bytes that are signed.
    pub payload: Vec<u8>,
}

/// Who did it and when, as they say themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The address.
    pub email: String,
    /// Seconds since the Unix epoch.
    pub seconds: u64,
}

/// Reads what a commit hangs on, and nothing else: old history holds commits that would not be let in today.
pub fn links(bytes: &[u8]) -> Result<Links, &'static str> {
    let mut rest = bytes;
    let tree = id_line(&mut rest, b"tree ").ok_or("it does not begin with a tree")?;
    let mut parents = vec![];
    while let Some(parent) = id_line(&mut rest, b"parent ") {
        if parents.len() == PARENTS {
            return Err("it has more parents than are followed");
        }
        parents.push(parent);
    }
    let is_uniform = parents.iter().all(|parent| parent.as_str().len() == tree.as_str().len());
    // A line that was not taken for a parent and could be taken for one.
    if !is_uniform || rest.starts_with(b"parent") {
        return Err("its parents cannot be read");
    }
    Ok(Links { tree, parents })
}

/// Reads a commit.
pub fn parse(bytes: &[u8]) -> Result<Commit, &'static str> {
    let links = links(bytes)?;
    let raw = Raw::read(bytes)?;
    let names = raw.headers.iter().map(|header| header.name);
    let wanted =
        ["tree"].into_iter().chain(links.parents.iter().map(|_| "parent")).chain(["author", "committer"]);
    if !names.clone().take(links.parents.len() + 3).eq(wanted) {
        return Err("its headers are not those of a commit");
    }
    for name in names.skip(links.parents.len() + 3) {
        if ["tree", "parent", "author", "committer", "object", "tagger"].contains(&name) {
            return Err("a header stands twice, or where it does not belong");
        }
    }
    let [own, other] = match links.tree.as_str().len() {
        64 => [SIGNATURES[1], SIGNATURES[0]],
        _ => SIGNATURES,
    };
    for name in [own, other, "encoding"] {
        if raw.headers.iter().filter(|header| header.name == name).count() > 1 {
            return Err("a header stands twice");
        }
    }
    let committer = raw.headers.iter().find(|header| header.name == "committer");
    let committer =
        committer.and_then(|header| person(header.value)).ok_or("its committer cannot be read")?;
    let signature = raw.headers.iter().find(|header| header.name == own).map(Header::unfolded);
    let signed = raw.headers.iter().filter(|header| !SIGNATURES.contains(&header.name));
    let mut payload = signed.flat_map(|header| header.whole).copied().collect::<Vec<_>>();
    payload.push(b'\n');
    payload.extend(raw.message);
    Ok(Commit { links, committer, subject: subject(raw.message), signature: signature.transpose()?, payload })
}

/// Reads an annotated tag that is put on a commit.
pub fn parse_tag(bytes: &[u8]) -> Result<Tag, &'static str> {
    let raw = Raw::read(bytes)?;
    let [object, kind, name, tagger, more @ ..] = &raw.headers[..] else {
        return Err("its headers are not those of a tag");
    };
    if [object.name, kind.name, name.name, tagger.name] != ["object", "type", "tag", "tagger"]
        || more.iter().any(|header| !SIGNATURES.contains(&header.name))
        || more.len() > 1
    {
        return Err("its headers are not those of a tag");
    }
    if kind.value != b"commit" {
        return Err("it is not put on a commit");
    }
    let text = |header: &Header<'_>| std::str::from_utf8(header.value).ok().map(str::to_owned);
    let commit = text(object).and_then(|text| Id::parse(&text)).ok_or("it names no commit")?;
    let name = text(name).ok_or("its name is no text")?;
    let tagger = person(tagger.value).ok_or("its tagger cannot be read")?;
    // The signature stands at the end of the message. Git takes the last line that begins one, other tools the first.
    let begins = starts_of_lines(raw.message).filter(|at| raw.message[*at..].starts_with(b"-----BEGIN "));
    let begins = begins.collect::<Vec<_>>();
    let (message, signature) = match begins[..] {
        [] => (raw.message, None),
        [at] => {
            let (message, signature) = raw.message.split_at(at);
            let signature = std::str::from_utf8(signature).map_err(|_| "its signature is no text")?;
            (message, Some(signature.to_owned()))
        }
        _ => return Err("two signatures stand in it"),
    };
    let headers = raw.headers.iter().filter(|header| !SIGNATURES.contains(&header.name));
    let mut payload = headers.flat_map(|header| header.whole).copied().collect::<Vec<_>>();
    payload.push(b'\n');
    payload.extend(message);
    Ok(Tag { commit, name, tagger, signature, payload })
}

struct Raw<'b> {
    headers: Vec<Header<'b>>,
    message: &'b [u8],
}

struct Header<'b> {
    name: &'b str,
    /// The value with its continuation lines, as they stand there, without the last line end.
    value: &'b [u8],
    /// Everything, with the last line end.
    whole: &'b [u8],
}

impl<'b> Raw<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self, &'static str> {
        if bytes.len() > OBJECT_BYTES {
            return Err("it is larger than what is read");
        }
        if bytes.contains(&0) {
            return Err("a NUL byte stands in it");
        }
        let mut headers = vec![];
        let mut rest = bytes;
        loop {
            let end = rest.iter().position(|byte| *byte == b'\n').ok_or("its headers have no end")?;
            if end == 0 {
                return Ok(Self { headers, message: &rest[1..] });
            }
            let mut end = end + 1;
            while rest.get(end) == Some(&b' ') {
                let more =
                    rest[end..].iter().position(|byte| *byte == b'\n').ok_or("its headers have no end")?;
                end += more + 1;
            }
            let (whole, after) = rest.split_at(end);
            headers.push(Header::read(whole).ok_or("a header cannot be read")?);
            rest = after;
        }
    }
}

impl<'b> Header<'b> {
    fn read(whole: &'b [u8]) -> Option<Self> {
        let value = whole.strip_suffix(b"\n")?;
        let space = value.iter().position(|byte| *byte == b' ')?;
        let name = std::str::from_utf8(&value[..space]).ok()?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.');
        let is_plain = !name.is_empty() && name.bytes().all(is_name);
        // `gpgsigx` is stripped by git like a signature, and signed by everybody else's reading.
        let is_clear = !name.starts_with("gpgsig") || SIGNATURES.contains(&name);
        (is_plain && is_clear).then(|| Self { name, value: &value[space + 1..], whole })
    }

    /// The value with the space taken off each continuation line.
    fn unfolded(&self) -> Result<String, &'static str> {
        let text = std::str::from_utf8(self.value).map_err(|_| "its signature is no text")?;
        Ok(text.replace("\n ", "\n"))
    }
}

fn id_line(rest: &mut &[u8], name: &[u8]) -> Option<Id> {
    let after = rest.strip_prefix(name)?;
    let end = after.iter().take(65).position(|byte| *byte == b'\n')?;
    let id = Id::parse(std::str::from_utf8(&after[..end]).ok()?)?;
    *rest = &after[end + 1..];
    Some(id)
}

/// `NAME <ADDRESS> SECONDS +ZONE`.
fn person(value: &[u8]) -> Option<Person> {
    let text = std::str::from_utf8(value).ok()?;
    let (name, rest) = text.split_once('<')?;
    let (email, when) = rest.split_once("> ")?;
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>');
    if email.is_empty() || email.contains(is_odd) || name.contains(['>', '\n', '\r']) {
        return None;
    }
    let (seconds, zone) = when.split_once(' ')?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_zone = zone.len() == 5 && zone.starts_with(['+', '-']) && is_number(&zone[1..]);
    // Twelve digits are the year 33658.
    let is_time = (1..=12).contains(&seconds.len()) && is_number(seconds) && is_zone;
    is_time.then(|| Some(Person { email: email.to_owned(), seconds: seconds.parse().ok()? }))?
}

fn subject(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(&message[..message.len().min(4_096)]);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut short = line.chars().take(SUBJECT_CHARS).collect::<String>();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

fn starts_of_lines(text: &[u8]) -> impl Iterator<Item = usize> {
    let after = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    const SIG: &str = "gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----\n";

    fn commit(more: &str) -> String {
        format!(
            "tree {TREE}\nparent {TREE}\nauthor A <a@x> 1 +0000\ncommitter C D <c@x> 1700000000 +0100\n{more}\nsubject\n\nbody\n"
        )
    }

    #[test]
    fn what_is_signed_is_everything_but_the_signature() {
        let read = parse(commit(SIG).as_bytes()).expect("a commit");
        assert_eq!(read.payload, commit("").as_bytes());
        assert_eq!(
            read.signature.as_deref(),
            Some("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----")
        );
        assert_eq!(read.committer, Person { email: "c@x".to_owned(), seconds: 1_700_000_000 });
        assert_eq!((read.links.parents.len(), read.subject.as_str()), (1, "subject"));
        // Other extra headers are signed along; the signature of the other kind of names is not.
        let other = SIG.replace("gpgsig", "gpgsig-sha256");
        let read =
            parse(commit(&format!("encoding x\nchange-id abc\n{other}")).as_bytes()).expect("a commit");
        assert_eq!(read.signature, None);
        assert_eq!(read.payload, commit("encoding x\nchange-id abc\n").as_bytes());
    }

    #[test]
    fn a_repository_with_long_names_has_its_own_header() {
        let long = |text: String| text.replace(TREE, &format!("{TREE}{}", &TREE[..24]));
        let other = SIG.replace("gpgsig", "gpgsig-sha256");
        assert!(parse(long(commit(&other)).as_bytes()).expect("a commit").signature.is_some());
        assert!(parse(long(commit(SIG)).as_bytes()).expect("a commit").signature.is_none());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for more in [
            format!("{SIG}{SIG}"),
            "gpgsigx y\n".to_owned(),
            "gpgsig\n".to_owned(),
            format!("parent {TREE}\n"),
            format!("tree {TREE}\n"),
            "committer E <e@x> 1 +0000\n".to_owned(),
            "author E <e@x> 1 +0000\n".to_owned(),
            "encoding a\nencoding b\n".to_owned(),
            "no-value\n".to_owned(),
            "x\0y z\n".to_owned(),
            "\u{e9}x y\n".to_owned(),
        ] {
            assert!(parse(commit(&more).as_bytes()).is_err(), "{more:?}");
        }
        for (from, to) in [
            ("C D <c@x> 1700000000 +0100", "C D <c@x> -1 +0100"),
            ("C D <c@x> 1700000000 +0100", "C D <c@x> 1700000000 0100"),
            ("C D <c@x> 1700000000 +0100", "C D <c@x> 1700000000"),
            ("C D <c@x> 1700000000 +0100", "C D <> 1700000000 +0100"),
            ("C D <c@x>", "C <b@x> D <c@x>"),
            ("C D <c@x>", "C D <c@x> <b@x>"),
            ("C D <c@x>", "C D <c x>"),
            ("author A", "authors A"),
            ("parent 4b", "parent 4B"),
            ("parent 4b", "parent  4b"),
            ("tree 4b", "tree 4"),
            ("body\n", "bo\0dy\n"),
        ] {
            let text = commit("").replacen(from, to, 1);
            assert_ne!(text, commit(""));
            assert!(parse(text.as_bytes()).is_err(), "{to}");
        }
        assert!(parse(b"").is_err() && parse(b"\n").is_err() && parse(b"tree ").is_err());
        assert!(parse(commit("").split("\n\n").next().expect("headers").as_bytes()).is_err());
    }

    #[test]
    fn a_tag_ends_with_its_one_signature() {
        let head = format!("object {TREE}\ntype commit\ntag v1\ntagger T <t@x> 5 +0000\n\nwords\n");
        let signature = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n";
        let tag = parse_tag(format!("{head}{signature}").as_bytes()).expect("a tag");
        assert_eq!((tag.name.as_str(), tag.commit.as_str(), tag.tagger.email.as_str()), ("v1", TREE, "t@x"));
        assert_eq!((tag.payload, tag.signature.as_deref()), (head.clone().into_bytes(), Some(signature)));
        assert_eq!(parse_tag(head.as_bytes()).expect("a tag").signature, None);
        for bad in [
            format!("{head}{signature}{signature}"),
            head.replace("type commit", "type tree"),
            head.replace("tagger", "author"),
            head.replace("object", "commit"),
            head.replace("tag v1\n", "tag v1\ntag v2\n"),
        ] {
            assert!(parse_tag(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = (parse(&bytes), parse_tag(&bytes), links(&bytes));
        }

        #[test]
        fn headers_are_signed_or_a_signature(more in "[a-z]{1,8} [ -~]{0,20}\n( [ -~]{0,20}\n){0,3}") {
            let text = commit(&more);
            if let Ok(read) = parse(text.as_bytes()) {
                prop_assert!(read.signature.is_some() || read.payload == text.as_bytes());
            }
        }
    }
}
