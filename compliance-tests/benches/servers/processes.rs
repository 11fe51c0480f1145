//! What a server and its database take: processor time and memory of their whole process trees, from /proc.

use std::collections::HashMap;

/// Clock ticks a second, as Linux tells them to programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// What some processes and all that descend from them have taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// User and system time, of children that have ended too.
    pub cpu_seconds: f64,
    /// What they hold, shared pages counted once.
    pub memory_mib: f64,
}

/// The usage of process trees by their roots.
pub fn usage(roots: &[u32]) -> Usage {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let mut ticks: HashMap<u32, f64> = HashMap::new();
    for entry in std::fs::read_dir("/proc").expect("there is /proc").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name in parentheses may hold anything; what follows does not.
        let Some((_, rest)) = stat.rsplit_once(')') else { continue };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        children.entry(number(1) as u32).or_default().push(pid);
        ticks.insert(pid, (11..15).map(number).sum());
    }
    let mut usage = Usage::default();
    let mut open: Vec<u32> = roots.to_vec();
    while let Some(pid) = open.pop() {
        usage.cpu_seconds += ticks.get(&pid).copied().unwrap_or(0.0) / TICKS_PER_SECOND;
        usage.memory_mib += memory_mib(pid);
        open.extend(children.get(&pid).into_iter().flatten());
    }
    usage
}

/// A process's proportional share of memory; all it holds where that is not told.
fn memory_mib(pid: u32) -> f64 {
    let from = |file: &str, name: &str| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    };
    from("smaps_rollup", "Pss:").or_else(|| from("status", "VmRSS:")).unwrap_or(0.0) / 1024.0
}
