//! What the process itself uses, under the names that Prometheus' own libraries give it.

use rustix::time::{ClockId, clock_gettime};

/// What a process uses now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    /// Seconds of processor time.
    pub(super) cpu: f64,
    /// Bytes in RAM; none where the system does not tell.
    pub(super) memory: Option<f64>,
    /// Open files; the same.
    pub(super) files: Option<f64>,
}

/// Asks the system.
pub(super) fn usage() -> Usage {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let status = std::fs::read_to_string("/proc/self/status").ok();
    let files = std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
    Usage {
        cpu: cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9,
        memory: status.as_deref().and_then(resident),
        // One of them is the listing itself.
        files: files.map(|count| count.saturating_sub(1) as f64),
    }
}

fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        assert_eq!(resident("Name:\tprovost\nVmRSS:\t   12 kB\nThreads:\t1\n"), Some(12.0 * 1024.0));
        assert_eq!(resident("Name:\tprovost\n"), None);
    }
}
