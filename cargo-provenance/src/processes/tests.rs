//! The table of this machine, and made-up ones.

use std::io::Read;
use std::os::unix::fs::symlink;

use proptest::prelude::*;

use super::*;

/// A process that does not exist, in a table that does not either.
fn process(proc: &Path, pid: u32, name: &str, flags: u64, exe: Option<&Path>, maps: &[u8]) {
    let folder = proc.join(pid.to_string());
    std::fs::create_dir_all(folder.join("root")).expect("a folder");
    let stat = format!("{pid} ({name}) S 1 1 1 0 -1 {flags} 0 0 0 0 0 0 0 0 20 0 1 0 777 0 0\n");
    std::fs::write(folder.join("stat"), stat).expect("a file");
    std::fs::write(folder.join("maps"), maps).expect("a file");
    if let Some(exe) = exe {
        symlink(exe, folder.join("exe")).expect("a link");
    }
}

fn made_up() -> tempfile::TempDir {
    let proc = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(proc.path().join("self")).expect("a folder");
    proc
}

#[test]
fn this_process_is_in_the_table_and_can_be_opened() {
    let table = table(Path::new(PROC)).expect("a table");
    let own = std::env::current_exe().expect("a program");
    let running = table.running.iter().find(|it| it.path == own).expect("this program");
    assert_eq!((running.role, running.standing), (Role::Program, Standing::Current));
    assert!(running.users.iter().any(|user| user.pid == std::process::id()));
    assert!(!running.has_ended(Path::new(PROC)));
    let mut head = [0; 4];
    running.open().expect("its file").read_exact(&mut head).expect("four bytes");
    assert_eq!(&head, b"\x7fELF");
    assert!(table.running.iter().any(|it| it.role == Role::Library), "the C library, for one");
}

#[test]
fn where_there_is_no_table_that_is_said() {
    let error = table(Path::new("/no/such/proc")).expect_err("no table");
    assert!(error.to_string().contains("only seen on Linux"), "{error}");
}

#[test]
fn names_of_processes_cannot_hide_what_they_are() {
    let proc = made_up();
    let exe = proc.path().join("program (deleted)");
    std::fs::write(&exe, "x").expect("a file");
    process(proc.path(), 1, ") S 0 0 0 0 -1 2097152 (", 0, Some(&exe), b"");
    process(proc.path(), 2, "kthreadd", 0x0020_8040, None, b"");
    process(proc.path(), 3, "gone", 0, None, b"");
    let table = table(proc.path()).expect("a table");
    assert_eq!((table.processes, table.kernel_threads), (2, 1));
    assert_eq!(table.running.len(), 1);
    // A name that ends like the kernel's mark is a name.
    assert_eq!((&table.running[0].path, table.running[0].standing), (&exe, Standing::Current));
    assert_eq!(table.unseen.len(), 1, "{:?}", table.unseen);
    assert!(table.unseen[0].starts_with("process 3 cannot be read"), "{:?}", table.unseen);
}

#[test]
fn libraries_are_found_by_what_they_are_and_not_by_their_name() {
    let proc = made_up();
    let exe = proc.path().join("program");
    std::fs::write(&exe, "x").expect("a file");
    let library = proc.path().join("1/root/lib x\ny.so");
    std::fs::create_dir_all(library.parent().expect("a folder")).expect("a folder");
    std::fs::write(&library, "y").expect("a file");
    let identity = Identity::of(&std::fs::metadata(&library).expect("a file"));
    let (major, minor) = (identity.device >> 8 & 0xfff, identity.device & 0xff);
    let line = |inode: u64, path: &str| {
        format!("7f00-7f10 r-xp 00000000 {major:02x}:{minor:02x} {inode}    {path}\n")
    };
    let maps = line(identity.inode, "/lib x\\012y.so") + &line(identity.inode + 1_000_000, "/lib x\\012y.so");
    process(proc.path(), 1, "x", 0, Some(&exe), maps.as_bytes());
    let table = table(proc.path()).expect("a table");
    let libraries = table.running.iter().filter(|it| it.role == Role::Library).collect::<Vec<_>>();
    assert_eq!(libraries.len(), 1, "{table:?}");
    assert_eq!(libraries[0].path, Path::new("/lib x\ny.so"));
    assert!(libraries[0].open().is_ok());
    assert!(table.unseen[0].contains("which cannot be opened"), "{:?}", table.unseen);
}

#[test]
fn a_process_whose_first_thread_has_ended_still_runs() {
    let proc = made_up();
    let exe = proc.path().join("program");
    std::fs::write(&exe, "x").expect("a file");
    process(proc.path(), 1, "x", 0, None, b"");
    let stat = proc.path().join("1/stat");
    let text = std::fs::read_to_string(&stat).expect("a file");
    std::fs::write(&stat, text.replace(") S", ") Z")).expect("a file");
    let threads = proc.path().join("1/task");
    process(&threads, 1, "x", 0, None, b"");
    std::fs::copy(&stat, threads.join("1/stat")).expect("a file");
    assert_eq!(table(proc.path()).expect("a table").ended, 1);
    process(&threads, 5, "x", 0, Some(&exe), b"");
    let table = table(proc.path()).expect("a table");
    assert_eq!((table.running.len(), table.ended), (1, 0), "{table:?}");
    assert!(table.running[0].open().is_ok());
    assert!(!table.running[0].has_ended(proc.path()));
}

#[test]
fn a_library_with_the_number_of_the_program_is_not_taken_for_it() {
    let proc = made_up();
    let exe = proc.path().join("program");
    std::fs::write(&exe, "x").expect("a file");
    let inode = Identity::of(&std::fs::metadata(&exe).expect("a file")).inode;
    // Of another file system, and lower in memory.
    let maps = format!("1000-2000 r-xp 00000000 7f:01 {inode}    /lib/evil.so\n");
    process(proc.path(), 1, "x", 0, Some(&exe), maps.as_bytes());
    let table = table(proc.path()).expect("a table");
    assert!(table.unseen[0].contains("evil.so"), "{table:?}");
}

#[test]
fn a_file_that_took_the_place_of_another_is_not_opened_for_it() {
    let proc = made_up();
    let (exe, other) = (proc.path().join("program"), proc.path().join("other"));
    std::fs::write(&exe, "x").expect("a file");
    std::fs::write(&other, "y").expect("a file");
    process(proc.path(), 1, "x", 0, Some(&exe), b"");
    let table = table(proc.path()).expect("a table");
    std::fs::rename(&other, &exe).expect("renamed");
    assert!(table.running[0].open().expect_err("another file").to_string().contains("took its place"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_that_took_the_place_of_a_file_is_not_waited_for() {
    use std::os::fd::AsRawFd;

    // Nobody writes to it, so that opening it would wait for somebody.
    let (reader, _) = std::io::pipe().expect("a pipe");
    let path = PathBuf::from(format!("/proc/self/fd/{}", reader.as_raw_fd()));
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(Identity::default().open(&path).is_err()));
    assert_eq!(wait.recv_timeout(std::time::Duration::from_secs(20)), Ok(true));
}

#[test]
fn hidden_processes_are_not_taken_for_none() {
    let proc = made_up();
    let exe = proc.path().join("program");
    std::fs::write(&exe, "x").expect("a file");
    process(proc.path(), 7, "x", 0, Some(&exe), b"");
    assert!(table(proc.path()).expect("a table").unseen[0].contains("hidepid"));
}

#[test]
fn lines_that_the_kernel_does_not_write_are_no_mappings() {
    for bad in [
        "x",
        "0-1 r-xp 0 0:0",
        "g-1 r-xp 0 0:0 1 /x",
        "0-1 r-xp 0 0:0 -1 /x",
        "0-1 rxp 0 0:0 1 /x",
        "0-1 r-xp 0 0 1 /x",
    ] {
        assert_eq!(maps::parse(bad.as_bytes()), None, "{bad}");
    }
    let plain = b"00400000-00401000 r-xp 00000000 fd:01 12   /bin/a b\n00401000-00402000 rw-p 0 fd:01 13 /x\n7f-80 r-xp 0 00:00 0 [vdso]\n";
    let mappings = maps::parse(plain).expect("mappings");
    assert_eq!(mappings.len(), 1);
    assert_eq!(
        (mappings[0].range.as_str(), mappings[0].device, mappings[0].path.as_slice()),
        ("400000-401000", 0xfd01, &b"/bin/a b"[..])
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (maps::parse(&bytes), stat::parse(&bytes));
    }
}
