//! `/proc/PID/stat` (proc(5)): one line, whose second field is a name of any bytes in parentheses.

/// `PF_KTHREAD` of the kernel's `sched.h`.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// What is told of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    /// Whether it is a thread of the kernel.
    pub(super) is_kernel_thread: bool,
    /// Whether it has ended and waits for its parent to notice.
    pub(super) is_dead: bool,
    /// When it was started, in ticks.
    pub(super) started: u64,
}

/// Reads the line.
pub(super) fn parse(text: &[u8]) -> Option<Stat> {
    // Names can hold parentheses; nothing behind the name does.
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(text.get(end + 1..)?).ok()?;
    let fields = rest.split_ascii_whitespace().collect::<Vec<_>>();
    // The state is field 3, the flags are field 9, the start is field 22.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Stat {
        is_kernel_thread: number(9)? & KERNEL_THREAD != 0,
        is_dead: matches!(*fields.first()?, "Z" | "X" | "x"),
        started: number(22)?,
    })
}
