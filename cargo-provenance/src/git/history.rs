//! The commits between two points of a repository, under names that were computed anew.
//!
//! What the repository says of itself counts for nothing: its configuration, replacements, grafts, caches of its history and the names
//! of its objects. The wanted objects are packed into a scratch repository that has no configuration, which hashes
//! each of them; from there on only that one is asked. An object that is not what its name says does not arrive there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use super::GitError;
use super::command::{Git, hermetic, last_line};
use super::export::{scratch, text};
use super::revision::{Revision, output_of};
use crate::commit::{Answer, Entry, Id, Key, OBJECT_BYTES, links, read_status};

/// Bytes of all commits of one question: two million of them, more than the Linux kernel has.
const HISTORY_BYTES: u64 = 1024 * 1024 * 1024;

/// The repository that a workspace lies in.
#[derive(Clone, Debug)]
pub struct Repository {
    directory: PathBuf,
    objects: PathBuf,
    /// The directory's path from the top of the work tree: empty, or with `/` at its end.
    pub prefix: String,
    /// Whether a part of the history is missing on purpose.
    pub is_shallow: bool,
}

/// What to bring over.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The last commit.
    pub head: &'a Id,
    /// The commit that was trusted before.
    pub since: &'a Id,
    /// Further commits whose history counts, and which may lie between.
    pub more: &'a [Id],
    /// An annotated tag.
    pub tag: Option<&'a Id>,
    /// Files whose contents are read at every commit; from the top, `/`-separated.
    pub files: &'a [String],
    /// Files and folders whose names at every commit are compared.
    pub paths: &'a [String],
}

/// A part of a history, hashed anew.
#[derive(Debug)]
pub struct History {
    scratch: tempfile::TempDir,
    objects: BTreeMap<Id, (String, Vec<u8>)>,
    /// Objects that are there under names that are not theirs.
    pub forged: BTreeSet<Id>,
    gpg: Option<String>,
}

impl Repository {
    /// The repository around a directory.
    pub fn around(directory: &Path) -> Result<Self, GitError> {
        let ask = |arguments: &[&str]| {
            let answer = output_of(directory, "", arguments)?;
            Ok::<_, GitError>(String::from_utf8_lossy(&answer).trim_end_matches(['\n', '\r']).to_owned())
        };
        let nowhere = |error| match error {
            GitError::Refused { said, .. } => {
                GitError::NoRepository { directory: directory.to_owned(), said }
            }
            other => other,
        };
        let objects = ask(&["rev-parse", "--git-path", "objects"]).map_err(nowhere)?;
        let objects = directory.join(objects);
        Ok(Self {
            objects: fs::canonicalize(&objects).map_err(|source| GitError::List { path: objects, source })?,
            prefix: ask(&["rev-parse", "--show-prefix"])?,
            is_shallow: ask(&["rev-parse", "--is-shallow-repository"])? != "false",
            directory: directory.to_owned(),
        })
    }

    /// The commit that a name means.
    pub fn commit(&self, name: &str) -> Result<Id, GitError> {
        let error = match Revision::find(&self.directory, name) {
            Ok(revision) => match Id::parse(revision.commit()) {
                Some(id) => return Ok(id),
                None => {
                    GitError::Revision { name: name.to_owned(), said: "it means no single commit".to_owned() }
                }
            },
            Err(error @ GitError::Revision { .. }) => error,
            Err(error) => return Err(error),
        };
        // Git refuses a commit that is not what its name says, as if there were none. Its name is known all the same.
        let ask = |arguments: &[&str]| -> Option<String> {
            let answer = output_of(&self.directory, "", arguments).ok()?;
            Some(String::from_utf8_lossy(&answer).trim().to_owned())
        };
        let is_acceptable = Revision::is_acceptable(name);
        let id = is_acceptable
            .then(|| ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", name]))
            .flatten();
        let id = id.and_then(|id| Id::parse(&id));
        id.filter(|id| ask(&["cat-file", "-t", id.as_str()]).as_deref() == Some("commit")).ok_or(error)
    }

    /// The object that a tag's name means; `None` where there is no such tag.
    pub fn tag(&self, name: &str) -> Result<Option<Id>, GitError> {
        let full = format!("refs/tags/{name}");
        // The name is a part of a longer one, so that it is no option; what it may hold besides git says.
        if output_of(&self.directory, "", &["check-ref-format", &full]).is_err() {
            return Ok(None);
        }
        let answer = output_of(&self.directory, "", &["rev-parse", "--verify", "--quiet", &full]);
        Ok(answer.ok().and_then(|answer| Id::parse(String::from_utf8_lossy(&answer).trim())))
    }

    /// Brings the wanted part of the history over.
    pub fn history(&self, wanted: &Wanted<'_>) -> Result<History, GitError> {
        let folder = tempfile::tempdir().map_err(scratch("make a folder"))?;
        let bare = folder.path().join("history");
        let git = Git { repository: &bare, commit: wanted.head.as_str() };
        git.init()?;
        let stores = [self.objects.clone()];
        let here = Source { git: &git, stores: Some(&stores) };
        let (ids, lost) = match here.commits(wanted) {
            Ok(ids) => (ids, None),
            // Perhaps because one of them is not what its name says, which is worth more than that it cannot be read.
            Err(error) => (BTreeSet::from([wanted.head.clone()]), Some(self.incomplete(error, wanted.head))),
        };
        let folders = folders(wanted);
        let named = |commit: &Id, path: &str| match path {
            // `^{tree}` would look for a tree that is what its name says, and find none where it is not.
            "" => format!("{commit}:"),
            path => format!("{commit}:{path}"),
        };
        let questions = ids.iter().flat_map(|id| folders.iter().map(|path| named(id, path)));
        let inner = here.names(&questions.collect::<Vec<_>>())?;
        let mut all = ids.clone();
        all.extend(inner.into_iter().flatten().filter(|(_, kind)| kind != "commit").map(|(id, _)| id));
        all.extend(wanted.tag.cloned());
        if let Err(error) = here.pack(&all) {
            return Err(lost.unwrap_or(error));
        }

        let there = Source { git: &git, stores: None };
        let listed = all.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>();
        let arrived = there.names(&listed)?;
        let forged = all.iter().zip(&arrived).filter(|(_, found)| found.is_none()).map(|(id, _)| id.clone());
        let forged = forged.collect::<BTreeSet<_>>();
        if let Some(lost) = lost.filter(|_| forged.is_empty()) {
            return Err(lost);
        }
        let arrived = all.iter().filter(|id| !forged.contains(id)).cloned().collect::<Vec<_>>();
        let objects = there.read(&arrived)?;
        Ok(History { scratch: folder, objects, forged, gpg: gpg_of_user(&self.directory) })
    }

    /// The paths of submodules at a commit, as the repository says: for people.
    pub fn submodules(&self, commit: &Id, path: &str) -> Vec<String> {
        let mut arguments = vec!["ls-tree", "-r", "-z", "--full-tree", commit.as_str()];
        arguments.extend(["--", path].into_iter().take(if path.is_empty() { 0 } else { 2 }));
        let listing = output_of(&self.directory, "", &arguments).unwrap_or_default();
        let listing = String::from_utf8_lossy(&listing).into_owned();
        let entries = listing.split('\0').filter_map(|entry| entry.split_once('\t'));
        entries.filter(|(entry, _)| entry.starts_with("160000 ")).map(|(_, path)| path.to_owned()).collect()
    }

    fn incomplete(&self, error: GitError, head: &Id) -> GitError {
        match error {
            GitError::Refused { said, .. } if self.is_shallow => {
                GitError::Shallow { commit: head.to_string(), said }
            }
            GitError::Refused { said, .. } => GitError::Damaged { commit: head.to_string(), said },
            other => other,
        }
    }
}

type Look<'l> = dyn FnMut(&[u8], &str, &Id) -> Result<(), &'static str> + 'l;

impl History {
    /// The bytes of a commit or a tag; `None` where it did not come over.
    pub fn object(&self, id: &Id, kind: &str) -> Option<&[u8]> {
        self.objects.get(id).filter(|(found, _)| found == kind).map(|(_, bytes)| bytes.as_slice())
    }

    /// What lies at a path of a commit; `None` where nothing does.
    ///
    /// # Errors
    ///
    /// A folder on the way that did not come over.
    pub fn at(&self, commit: &Id, path: &str) -> Result<Option<Entry>, GitError> {
        self.walk(commit, path, &mut |_, _, _| Ok(()))
    }

    /// Goes down to a path, and lets `look` see each folder on the way with what is sought in it.
    fn walk(&self, commit: &Id, path: &str, look: &mut Look<'_>) -> Result<Option<Entry>, GitError> {
        let lost = |what: &Id| GitError::Damaged {
            commit: commit.to_string(),
            said: format!("object `{}` cannot be read", what.short()),
        };
        let bytes = self.object(commit, "commit").ok_or_else(|| lost(commit))?;
        let mut found = Entry::root(links(bytes).map_err(|_| lost(commit))?.tree);
        for name in path.split('/').filter(|name| !name.is_empty()) {
            if !found.is_folder() {
                return Ok(None);
            }
            let tree = self.object(&found.id, "tree").ok_or_else(|| lost(&found.id))?;
            look(tree, name, &found.id).map_err(|_| lost(&found.id))?;
            match Entry::find(tree, name, &found.id).map_err(|_| lost(&found.id))? {
                Some(entry) => found = entry,
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    /// What lies at a path of a commit, and at every one that differs from it in its case alone: where file systems do not tell these
    /// apart, a checkout has one in the place of the other.
    ///
    /// # Errors
    ///
    /// Those of [`History::at`].
    pub fn around(&self, commit: &Id, path: &str) -> Result<(Option<Entry>, Vec<Entry>), GitError> {
        let mut alike = vec![];
        let found = self.walk(commit, path, &mut |tree, name, own| {
            alike.extend(Entry::alike(tree, name, own)?);
            Ok(())
        })?;
        Ok((found, alike))
    }

    /// The bytes of a file at a commit; `None` where it has none.
    ///
    /// # Errors
    ///
    /// Those of [`History::at`], and a file that did not come over.
    pub fn file(&self, commit: &Id, path: &str) -> Result<Option<&[u8]>, GitError> {
        let Some(entry) = self.at(commit, path)?.filter(Entry::is_file) else { return Ok(None) };
        let said = || format!("object `{}` cannot be read", entry.id.short());
        let lost = || GitError::Damaged { commit: commit.to_string(), said: said() };
        self.object(&entry.id, "blob").map(Some).ok_or_else(lost)
    }

    /// Asks gpg, through git, about the OpenPGP signature of a commit or a tag.
    pub fn ask_gpg(&self, id: &Id, kind: Kind) -> Result<Answer, String> {
        let said =
            self.verify(id, kind, &[format!("gpg.program={}", self.gpg.as_deref().unwrap_or("gpg"))])?;
        read_status(&said.1).ok_or_else(|| match last_line(said.1.as_bytes()) {
            said if said.is_empty() => "gpg could not be asked, or says nothing".to_owned(),
            said => format!("gpg gives no clear answer: {said}"),
        })
    }

    /// Asks OpenSSH, through git, whether this key made the signature of a commit or a tag. It is told of no other.
    pub fn ask_openssh(&self, id: &Id, kind: Kind, key: &Key) -> Result<Answer, String> {
        let mut file =
            tempfile::NamedTempFile::new_in(self.scratch.path()).map_err(|error| error.to_string())?;
        // Whose it is was decided before; here it is about the numbers alone.
        writeln!(file, "signer namespaces=\"git\" {}", key.line()).map_err(|error| error.to_string())?;
        let signers = text(file.path()).map_err(|error| error.to_string())?;
        let settings =
            [format!("gpg.ssh.allowedSignersFile={signers}"), "gpg.ssh.program=ssh-keygen".to_owned()];
        let (is_good, said) = self.verify(id, kind, &settings)?;
        let mut lines = said.lines();
        if is_good && lines.any(|line| line.starts_with("Good \"git\" signature for signer with ")) {
            return Ok(Answer::Good(vec![]));
        }
        if said.contains("Signature verification failed") || said.contains("incorrect signature") {
            return Ok(Answer::Bad("it does not belong to these bytes"));
        }
        // A key that the machine's OpenSSH does not know, such as a security key, says nothing about the commit.
        Err(format!("`ssh-keygen` gives no clear answer: {}", last_line(said.as_bytes())))
    }

    fn verify(&self, id: &Id, kind: Kind, settings: &[String]) -> Result<(bool, String), String> {
        let bare = self.scratch.path().join("history");
        let name = match kind {
            Kind::Commit => "verify-commit",
            Kind::Tag => "verify-tag",
        };
        let mut arguments = vec!["--no-pager".to_owned()];
        for setting in settings.iter().map(String::as_str).chain(["gpg.minTrustLevel=undefined"]) {
            arguments.extend(["-c".to_owned(), setting.to_owned()]);
        }
        let mut command = hermetic(name, &arguments);
        command.env("GIT_DIR", &bare).current_dir(&bare).args(["--raw", id.as_str()]).stdin(Stdio::null());
        let output = command.output().map_err(|error| format!("could not start `git`: {error}"))?;
        Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

/// What is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
}

/// The scratch repository, with the objects of another one at hand or alone.
struct Source<'a> {
    git: &'a Git<'a>,
    stores: Option<&'a [PathBuf]>,
}

impl Source<'_> {
    /// The commits up to the last one that are not in the history of the trusted one, those that they build on, and what leads
    /// from the trusted one to these.
    fn commits(&self, wanted: &Wanted<'_>) -> Result<BTreeSet<Id>, GitError> {
        let (head, since) = (wanted.head.as_str(), format!("^{}", wanted.since));
        let listing = self.run("rev-list", &["--boundary", head, &since, "--"])?;
        let mut ids = BTreeSet::from([wanted.head.clone(), wanted.since.clone()]);
        for line in listing.lines() {
            let Some(bound) = line.strip_prefix('-').and_then(Id::parse) else {
                ids.extend(Id::parse(line));
                continue;
            };
            if bound != *wanted.since {
                let from = format!("^{bound}");
                let path = self.run("rev-list", &["--ancestry-path", wanted.since.as_str(), &from, "--"])?;
                ids.extend(path.lines().filter_map(Id::parse));
            }
            ids.insert(bound);
        }
        ids.extend(wanted.more.iter().cloned());
        Ok(ids)
    }

    fn run(&self, name: &'static str, arguments: &[&str]) -> Result<String, GitError> {
        let mut command = self.command(name);
        let output = command.args(arguments).stdin(Stdio::null()).output().map_err(GitError::Missing)?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => {
                let (commit, said) = (self.git.commit.to_owned(), last_line(&output.stderr));
                Err(GitError::Refused { command: name, commit, said })
            }
        }
    }

    /// Name and kind of what each question means.
    fn names(&self, questions: &[String]) -> Result<Vec<Option<(Id, String)>>, GitError> {
        let answer = self.batch("--batch-check=%(objectname) %(objecttype)", questions)?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let answers = answer.lines().map(|line| {
            let (id, kind) = line.split_once(' ')?;
            Some((Id::parse(id)?, kind.to_owned()))
                .filter(|(_, kind)| matches!(kind.as_str(), "blob" | "commit" | "tag" | "tree"))
        });
        let answers = answers.collect::<Vec<_>>();
        match answers.len() == questions.len() {
            true => Ok(answers),
            false => Err(self.odd("git did not answer every question")),
        }
    }

    /// The objects of these names, all of which are there.
    fn read(&self, ids: &[Id]) -> Result<BTreeMap<Id, (String, Vec<u8>)>, GitError> {
        let questions = ids.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>();
        let answer = self.batch("--batch", &questions)?;
        let mut rest = answer.as_slice();
        let mut objects = BTreeMap::new();
        for wanted in ids {
            let cut = || self.odd("git did not hand out every object");
            let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(cut)?;
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            let [id, kind, size] = head.split(' ').collect::<Vec<_>>()[..] else { return Err(cut()) };
            let size = size.parse::<usize>().map_err(|_| cut())?;
            let bytes = rest.get(end + 1..).and_then(|after| after.get(..size)).ok_or_else(cut)?;
            if id != wanted.as_str() {
                return Err(cut());
            }
            // What is too large to be read is refused by its reader.
            objects.insert(wanted.clone(), (kind.to_owned(), bytes[..size.min(OBJECT_BYTES + 1)].to_owned()));
            rest = rest.get(end + size + 2..).unwrap_or_default();
        }
        Ok(objects)
    }

    /// Packs objects of the other repository into the scratch one, giving each the name that its content has.
    fn pack(&self, ids: &BTreeSet<Id>) -> Result<(), GitError> {
        let mut packing = self.command("pack-objects");
        // Whole objects: one that is not what its name says must not take those along that are written as differences from it.
        packing.args(["--stdout", "-q", "--threads=2", "--window=0", "--no-reuse-delta"]);
        packing.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut packer = packing.stderr(Stdio::null()).spawn().map_err(GitError::Missing)?;
        let pack = packer.stdout.take().map_or_else(Stdio::null, Stdio::from);
        let list = ids.iter().map(|id| format!("{id}\n")).collect::<String>();
        let input = packer.stdin.take();
        let mut indexing = Source { git: self.git, stores: None }.command("index-pack");
        indexing.arg("--stdin").stdin(pack).stdout(Stdio::null()).stderr(Stdio::piped());
        let indexed = thread::scope(|scope| {
            // A packer that gave up is asked for its reason below.
            scope.spawn(move || input.map(|mut input| input.write_all(list.as_bytes())));
            indexing.output()
        });
        let packed = packer.wait().map_err(GitError::Missing)?;
        let indexed = indexed.map_err(GitError::Missing)?;
        if packed.success() && indexed.status.success() {
            return Ok(());
        }
        Err(self.odd(&last_line(&indexed.stderr)))
    }

    fn batch(&self, flag: &str, questions: &[String]) -> Result<Vec<u8>, GitError> {
        let mut command = self.command("cat-file");
        command.arg(flag).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(GitError::Missing)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let list = questions.iter().flat_map(|question| [question, "\n"]).collect::<String>();
        let mut answer = vec![];
        let read = thread::scope(|scope| {
            scope.spawn(move || input.map(|mut input| input.write_all(list.as_bytes())));
            let output = output.ok_or_else(|| io::Error::other("no output"))?;
            output.take(HISTORY_BYTES).read_to_end(&mut answer)
        });
        if read.is_err() || answer.len() as u64 == HISTORY_BYTES {
            let _ = child.kill();
        }
        let status = child.wait().map_err(GitError::Missing)?;
        match read {
            Ok(_) if status.success() => Ok(answer),
            _ => Err(self.odd("an object cannot be read, or is too large")),
        }
    }

    fn command(&self, name: &'static str) -> Command {
        // A cache of the history may say otherwise than the history.
        let mut command = hermetic(name, &["-c".to_owned(), "core.commitGraph=false".to_owned()]);
        command.env("GIT_DIR", self.git.repository).current_dir(self.git.repository);
        // Where there is no object, git would look for it in the places that it fetched from.
        if let Some(alternates) = self.stores.and_then(|stores| std::env::join_paths(stores).ok()) {
            command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", alternates);
        }
        command
    }

    fn odd(&self, said: &str) -> GitError {
        GitError::Damaged { commit: self.git.commit.to_owned(), said: said.to_owned() }
    }
}

/// The folders on the way to everything that is asked for, and the files that are read: what has to come over of each commit.
fn folders(wanted: &Wanted<'_>) -> Vec<String> {
    let mut folders = BTreeSet::from([String::new()]);
    for path in wanted.paths.iter().chain(wanted.files) {
        let ends = path.char_indices().filter(|(_, c)| *c == '/').map(|(at, _)| path[..at].to_owned());
        folders.extend(ends);
    }
    folders.extend(wanted.files.iter().cloned());
    folders.into_iter().collect()
}

/// The gpg that the user's own configuration names; the repository's is not asked.
fn gpg_of_user(directory: &Path) -> Option<String> {
    let questions = ["--global", "--system"].into_iter().flat_map(|scope| {
        ["gpg.openpgp.program", "gpg.program"].map(|key| ["config", scope, "--includes", "--get", key])
    });
    let mut answers = questions.filter_map(|question| output_of(directory, "", &question).ok());
    let answer = String::from_utf8(answers.next()?).ok()?;
    let program = answer.trim_end_matches(['\n', '\r']);
    (!program.is_empty() && !program.contains(char::is_control)).then(|| program.to_owned())
}
