//! Walks the table: which files run, each once, with all that run it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Error, Identity, Role, Running, Standing, Table, User, bytes, maps, stat, unmarked};

/// Bytes of a `maps`: a mapping has a line of about 100, and a process can have 65,530 of them (`vm.max_map_count`).
const MAPS_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of a `stat`: 52 numbers and a name of 15 bytes.
const STAT_BYTES: u64 = 64 * 1024;

/// Bytes of a `mountinfo`: ten times what a host with a thousand containers has.
const MOUNTS_BYTES: u64 = 64 * 1024 * 1024;

/// Lines of what could not be seen; more say nothing new.
const UNSEEN: usize = 10_000;

/// File systems that hold no files but views of the kernel: reading them blocks, never ends, or does something.
/// `devtmpfs` is none: any file can be put there.
const PSEUDO: [&str; 21] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "efivarfs",
    "functionfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "sysfs",
    "tracefs",
];

/// Reads the process table at `proc`.
///
/// # Errors
///
/// Where there is none. A single process is never the reason.
pub fn table(proc: &Path) -> Result<Table, Error> {
    let none = |source| Error::None { proc: proc.to_owned(), source };
    let own = fs::read_link(proc.join("self/ns/mnt")).ok();
    fs::metadata(proc.join("self")).map_err(none)?;
    let mut pids = vec![];
    for entry in fs::read_dir(proc).map_err(none)? {
        let name = entry.map_err(none)?.file_name();
        pids.extend(name.to_str().and_then(|name| name.parse::<u32>().ok()));
    }
    pids.sort_unstable();
    let mut seen = Seen { proc, own, table: Table::default(), files: BTreeMap::new() };
    if pids.first() != Some(&1) {
        // Mounted with `hidepid`: whoever may not see the first process does not see those of others.
        seen.unseen("processes of other users are hidden: `/proc` is mounted with `hidepid`".to_owned());
    }
    for pid in pids {
        seen.process(pid);
    }
    let Seen { mut table, files, .. } = seen;
    table.running = files.into_values().collect();
    Ok(table)
}

/// When a process was started; `None` where there is none any more.
pub(super) fn started(proc: &Path, pid: u32) -> io::Result<Option<u64>> {
    match read(&proc.join(pid.to_string()).join("stat"), STAT_BYTES) {
        Ok(text) => match stat::parse(&text) {
            Some(stat) if stat.is_dead => {
                Ok(living_thread(&proc.join(pid.to_string()))?.map(|_| stat.started))
            }
            stat => Ok(stat.map(|stat| stat.started)),
        },
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The folder of a thread that has not ended, in that of its process.
fn living_thread(process: &Path) -> io::Result<Option<PathBuf>> {
    let threads = match fs::read_dir(process.join("task")) {
        Ok(threads) => threads,
        Err(error) if is_gone(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    for thread in threads {
        let Ok(thread) = thread else { continue };
        let Ok(text) = read(&thread.path().join("stat"), STAT_BYTES) else { continue };
        if stat::parse(&text).is_some_and(|stat| !stat.is_dead) {
            return Ok(Some(thread.path()));
        }
    }
    Ok(None)
}

/// The devices of file systems that hold views of the kernel in place of files; none where that cannot be told.
pub fn pseudo_devices(proc: &Path) -> BTreeSet<u64> {
    let Ok(text) = read(&proc.join("self/mountinfo"), MOUNTS_BYTES) else { return BTreeSet::new() };
    let text = String::from_utf8_lossy(&text);
    let devices = text.lines().filter_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let kind = kind.split(' ').next()?;
        let (major, minor) = mount.split(' ').nth(2)?.split_once(':')?;
        PSEUDO.contains(&kind).then(|| maps::device(major.parse().ok()?, minor.parse().ok()?))?
    });
    devices.collect()
}

struct Seen<'p> {
    proc: &'p Path,
    /// The mount namespace of this process.
    own: Option<PathBuf>,
    table: Table,
    files: BTreeMap<(u64, u64), Running>,
}

/// A process while it is looked at.
struct Process {
    pid: u32,
    folder: PathBuf,
    started: u64,
    contained: bool,
}

impl Seen<'_> {
    fn process(&mut self, pid: u32) {
        let folder = self.proc.join(pid.to_string());
        let stat = match read(&folder.join("stat"), STAT_BYTES) {
            Ok(text) => stat::parse(&text),
            Err(error) if is_gone(&error) => {
                self.table.ended += 1;
                return;
            }
            Err(error) => return self.unseen(format!("process {pid} cannot be read: {error}")),
        };
        let Some(stat) = stat else {
            return self.unseen(format!("process {pid} has a `stat` that cannot be read"));
        };
        if stat.is_kernel_thread {
            self.table.kernel_threads += 1;
            return;
        }
        self.table.processes += 1;
        // Its first thread can end before the others do, which then run on under its number.
        let folder = match stat.is_dead {
            true => match living_thread(&folder) {
                Ok(Some(thread)) => thread,
                Ok(None) => {
                    self.table.ended += 1;
                    return;
                }
                Err(error) => return self.unseen(format!("process {pid} cannot be read: {error}")),
            },
            false => folder,
        };
        let namespace = fs::read_link(folder.join("ns/mnt")).ok();
        let root = fs::read_link(folder.join("root")).ok();
        let contained =
            (namespace.is_some() && namespace != self.own) || root.is_some_and(|root| root != Path::new("/"));
        let process = Process { pid, folder, started: stat.started, contained };
        if let Err(error) = self.files_of(&process) {
            match started(self.proc, pid) {
                Ok(now) if now != Some(process.started) => self.table.ended += 1,
                _ => self.unseen(format!("process {pid} cannot be read: {error}")),
            }
        }
    }

    fn files_of(&mut self, process: &Process) -> io::Result<()> {
        let door = process.folder.join("exe");
        let program = Identity::of(&fs::metadata(&door)?);
        let path = fs::read_link(&door)?.into_os_string();
        self.add(process, Role::Program, program, path.as_encoded_bytes(), door);
        let text = read(&process.folder.join("maps"), MAPS_BYTES)?;
        let mappings =
            maps::parse(&text).ok_or_else(|| io::Error::other("its `maps` is not as it should be"))?;
        // Some file systems (btrfs, overlayfs) have other device numbers here than for `stat`. The program itself tells.
        // By its path, too: another file system may have a file of that number.
        let is_own = |it: &&maps::Mapping| it.inode == program.inode && it.path == path.as_encoded_bytes();
        let own = mappings.iter().find(is_own).map(|it| it.device);
        let device = |device: u64| if Some(device) == own { program.device } else { device };
        for mapping in mappings {
            let is_it = |found: &Identity| {
                found.inode == mapping.inode
                    && [mapping.device, device(mapping.device)].contains(&found.device)
            };
            let door = process.folder.join("map_files").join(&mapping.range);
            let (identity, door) = match fs::metadata(&door) {
                Ok(metadata) => {
                    let identity = Identity::of(&metadata);
                    if identity.is_same_file(&program) {
                        continue;
                    }
                    // A device is never opened.
                    (metadata.is_file().then_some(identity), door)
                }
                Err(_) if is_it(&program) => continue,
                // Only the administrator may look there; what lies at the path will do if it is the same file.
                Err(_) => {
                    let door = within(&process.folder.join("root"), Path::new(&bytes(&mapping.path)));
                    let found = fs::symlink_metadata(&door).ok().filter(fs::Metadata::is_file);
                    (found.map(|it| Identity::of(&it)).filter(is_it), door)
                }
            };
            match identity {
                Some(identity) => self.add(process, Role::Library, identity, &mapping.path, door),
                None => {
                    let path = String::from_utf8_lossy(&mapping.path).into_owned();
                    self.unseen(format!(
                        "process {} runs code of `{path}`, which cannot be opened",
                        process.pid
                    ));
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, process: &Process, role: Role, identity: Identity, path: &[u8], door: PathBuf) {
        let user = User { pid: process.pid, started: process.started, contained: process.contained, door };
        let (path, standing) = standing(process, &identity, path);
        let running = self.files.entry((identity.device, identity.inode)).or_insert_with(|| Running {
            path,
            identity,
            role,
            standing,
            users: vec![],
        });
        running.role = running.role.min(role);
        running.standing = running.standing.max(standing);
        running.users.push(user);
    }

    fn unseen(&mut self, line: String) {
        if self.table.unseen.len() < UNSEEN {
            self.table.unseen.push(line);
        }
    }
}

/// What has become of a running file, and its path.
fn standing(process: &Process, identity: &Identity, path: &[u8]) -> (PathBuf, Standing) {
    let told = PathBuf::from(bytes(path));
    // By the file systems of the process; one that changed its root is told from ours.
    let places = |path: &Path| [within(&process.folder.join("root"), path), path.to_owned()];
    let found = |path: &Path| {
        let found = places(path).into_iter().filter_map(|place| fs::symlink_metadata(place).ok());
        found.map(|metadata| Identity::of(&metadata)).collect::<Vec<_>>()
    };
    if found(&told).iter().any(|it| it.is_same_file(identity)) {
        return (told, Standing::Current);
    }
    if path.starts_with(b"/memfd:") {
        return (PathBuf::from(unmarked(path)), Standing::InMemory);
    }
    // The kernel marks a file that has no name any more, also where another has taken the name since.
    let path = PathBuf::from(unmarked(path));
    let standing = match found(&path).is_empty() {
        true => Standing::Deleted,
        false => Standing::Replaced,
    };
    (path, standing)
}

/// A path below a root.
fn within(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn is_gone(error: &io::Error) -> bool {
    // `ESRCH`: the process ended after its folder was opened.
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(3)
}

fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut text = vec![];
    File::open(path)?.take(most + 1).read_to_end(&mut text)?;
    match text.len() as u64 > most {
        true => Err(io::Error::other(format!("it has more than {most} bytes"))),
        false => Ok(text),
    }
}
