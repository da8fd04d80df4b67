//! The documentation, followed to the letter: links lead somewhere, YAML is taken by who reads it, and every command is run.
//!
//! | in a page | what is done with it |
//! | --- | --- |
//! | `yaml` | applied with a server-side dry run, strictly |
//! | `yaml part-of=KIND` | the same, within an example of that kind |
//! | `yaml values` | the chart is rendered with it |
//! | `yaml kustomization` | built by kustomize |
//! | `yaml foreign: REASON` | parsed |
//! | `console` | each `$` command is run, in one shell a page; what is shown after it must be in what it says, `# exits with 2` is its status |
//! | `json`, `promql` | parsed |

mod blocks;
mod claims;
mod console;
mod links;
mod page;
mod session;
