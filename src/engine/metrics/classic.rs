//! The classic text format, made from that of OpenMetrics: for those who do not ask for the latter.

/// What an OpenMetrics text says, in the text format of Prometheus, version 0.0.4: the family of a counter has the name of its samples, units
/// are in names alone, and nothing marks the end.
pub fn classic(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len() + 1024);
    let mut help: Option<(&str, &str)> = None;
    for line in open_metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, sort) = rest.rsplit_once(' ').unwrap_or((rest, "untyped"));
            let total = if sort == "counter" { "_total" } else { "" };
            if let Some((_, words)) = help.take().filter(|(helped, _)| *helped == name) {
                text.extend(["# HELP ", name, total, " ", words, "\n"]);
            }
            text.extend(["# TYPE ", name, total, " ", sort, "\n"]);
        } else if !line.starts_with("# ") {
            text.extend([line, "\n"]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_have_the_name_of_their_samples_and_units_and_the_end_go() {
        let open = "# HELP a_seconds How long # TYPE.\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\n\
                    a_seconds_total{b=\"# HELP\"} 1.5\n# HELP c What.\n# TYPE c gauge\nc 1\n# EOF\n";
        let expected = "# HELP a_seconds_total How long # TYPE.\n# TYPE a_seconds_total counter\na_seconds_total{b=\"# HELP\"} 1.5\n\
                        # HELP c What.\n# TYPE c gauge\nc 1\n";
        assert_eq!(classic(open), expected);
    }
}
