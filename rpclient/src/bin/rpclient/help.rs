//! What `--help` says beyond the list of options.

/// For the command as a whole.
pub(crate) const EXAMPLES: &str = "\
Examples:
  rpclient status                                 what there is, who holds it, who waits
  rpclient lock bench-1 -- ./flash.sh image.bin   run something while holding bench-1
  rpclient lock 'location=office1 +can'           hold any such resource until Ctrl-C
  rpclient lock '2 +phone' relay-1 --wait 10m -- pytest
  rpclient acquire bench-1 --ttl 10m              hold bench-1 without a lasting connection
  rpclient watch                                  what happens, as it happens
";

/// For `list`.
pub(crate) const LIST_HELP: &str = "\
All words together say what a resource must look like, as one requirement of 'rpclient lock' does, but \
without a count, keys or a stack; 'rpclient lock --help' shows what can be said. Of several names \
(a,b), one.

Examples:
  rpclient list
  rpclient list location=office1 +can
  rpclient list bench-1,bench-2
  rpclient list '{arm64}' --json
  rpclient list 'where=size(entities) > 3'
";

/// For `acquire`.
pub(crate) const ACQUIRE_HELP: &str = "\
The lease belongs to no process and no connection. It ends when it is not renewed for --ttl; so does the \
request while it waits, unless this command waits with it. Requirements are written as for \
'rpclient lock', whose help shows all. What was leased is printed: the name of each resource on a line of \
its own, or with --json the lease without its token. A line on standard error tells how the waiting goes, \
as for 'lock'. A signal takes the request back.

The lease file has the id, the token, the pool, the respod, the end of the lease, its resources with \
all properties and the --idempotency-key as JSON, with mode 0600. The key is as good as the token: it must \
be one that nobody can guess, made once for each job. Whoever has it can do everything with the lease. It is written \
anew as a whole, so that it is never read half written. A file whose lease is not over is not written \
over. 'renew', 'extend', 'release', 'cancel', 'transfer', 'allow' and 'disallow' take --file, or \
RESPO_LEASE_FILE, or respo-lease.json in the current directory; under 'rpclient lock', that is the lease \
that is held. They end with 92 if the lease is over: renewed too late, released, passed on.

Examples:
  rpclient acquire bench-1 --ttl 5m
  rpclient acquire '2 +phone' relay-1 --ttl 5m --wait 1h --file phones.json
  rpclient renew --file phones.json
  rpclient release relay-1 --file phones.json
  rpclient release --file phones.json
  rpclient acquire bench-1 --ttl 2h --idempotency-key \"$(uuidgen)\"
  rpclient transfer --to bob --output for-bob.json
  rpclient lock --resume for-bob.json -- ./flash.sh
";

/// For `lock`.
pub(crate) const LOCK_HELP: &str = "\
Requirements. Each argument is one requirement; without any, it is one resource, whichever. Several are \
granted all together or not at all, and no resource serves two of them: 'rpclient lock bench-1 bench-2' \
asks for both benches. One of them is bench-1,bench-2. The terms of a requirement have blanks \
between them, so it is put into quotes:
  2                    how many; it comes first, and is 1 if it is left out
  2 of a,b,c           how many of these keys, which need not be in the
                       inventory where the pool allows it
  bench-1, a,b         of this name, or of one of these
  location=office1     at this location
  +can                 with this attribute
  {arm64 soc=imx8}     with an entity that has these attributes and properties;
                       each such pair of braces is served by an entity of its own
  platform=android     with this property; gsm.operator=GTE is a nested one,
                       radios=[lte,nr] a list with these in it
  @cell                all that has the same label comes from one stack
  where=EXPRESSION     true of it, in the Common Expression Language, over name,
                       location, attributes, entities and properties; it takes
                       the rest of the requirement

Examples:
  rpclient lock bench-1 -- pytest -x tests/can
  rpclient lock bench-1 bench-2 --no-wait -- ./smoke.sh
  rpclient lock bench-1,bench-2 -- ./smoke.sh
  rpclient lock 'location=office1 +can +lin' -- ./run
  rpclient lock '2 location=office1 +can' --wait 10m -- ./gateway-test
  rpclient lock '{jtag} {arm64}' -- sh -c 'ssh \"$RESPO_DUT_HOST\"'
  rpclient lock '+phone platform=android @cell' '+relay @cell' -- ./call
  rpclient lock '2 of phone-1,phone-2,phone-3' --tag job=88 -- ./pair
  rpclient lock 'where=properties.version >= 14' --linger 1m -- ./soak.sh
  rpclient lock --request request.json --priority 5 -- ./nightly

With --request, the file says the whole request as JSON, as the body of 'POST /lock' does: \
{\"requirements\": [{\"count\": 2, \"attributes\": [\"can\"]}], \"wait\": \"10m\"}. Of the options beside it, \
those that are given count in place of what the file says; --tag adds to its tags.

Waiting. A line on standard error says who holds what and how many go first: live on a terminal, \
otherwise when it begins, when the place changes (at most every 10 s), and every 5 minutes. A signal \
leaves the queue.

The command runs in a process group of its own, with these variables:
  RESPO_RESOURCE             the name of the resource; of several, of the first
  RESPO_RESOURCES            the names of all, with blanks between them, in the
                             order of the requirements
  RESPO_LEASE_ID             the id of the lease
  RESPO_FENCE                its fence: a number that rises with every grant
  RESPO_LEASE_FILE           a file with the lease as JSON: its token, the
                             resources of each requirement, their entities, all
                             properties, and which entity serves which braces.
                             Only you can read it; it is removed at the end
  RESPO_URL                  the respod
  RESPO_<ENTITY>_<PROPERTY>  each property that is a text, a number or a truth
                             value: serial-port of dut is
                             RESPO_DUT_SERIAL_PORT
  RESPO_RESOURCE_<PROPERTY>  the same of the resource itself: platform is
                             RESPO_RESOURCE_PLATFORM
If there are several resources, the last two have the number of the resource in them, which counts from \
1 in the order of RESPO_RESOURCES: RESPO_2_DUT_SERIAL_PORT, RESPO_2_RESOURCE_PLATFORM; and \
RESPO_2_RESOURCE is its name. A nested property is named by its path; lists are in the lease file only. \
Where two properties come to the same name, those of the resource go before those of its entities, \
and then the first in the order of entity and path keeps it; none takes one of the names above.

Signals. INT, TERM, HUP and QUIT are passed on to the command's process group, USR1 and USR2 to the \
command; the lease is held until it ends. On a terminal the command is in the foreground, so that \
Ctrl-C, Ctrl-Z and input reach it directly. If the lease is lost, the command's process group gets \
TERM, and KILL after --term-grace. The same happens if rpclient itself is killed. Signals that were \
ignored when rpclient started stay so, as under nohup, or INT for what a script runs with '&'.

When respod is away. If the connection breaks, or respod is restarted or crashes, rpclient makes \
another connection and takes up its place or its lease there; the command is not disturbed. A line \
says so when respod is back, and one before that if it takes longer than 10 s. As long as connections \
are refused, respod is not there, and the lease is held: nobody is granted the resource before respod \
is back and has waited for its clients. If there is no answer at all, respod may be running and end \
the lease: it is taken for lost 12 s after the last sign of respod, which gives the resource to the \
next in line 15 s after the last sign of its holder. (With another --heartbeat of respod than 5 s, these \
are 2.4 and 3 times that; with a respod or a proxy that does not speak WebSocket, 17 and about 20 s.) A \
command that needs longer than the difference to end after TERM should have a --term-grace of less than \
3 s. The same holds for an rpclient that is stopped (SIGSTOP): its lease passes on after 15 s, and its \
command is ended as soon as rpclient goes on. If the command ends while \
respod is away, rpclient tries for 5 s to release the lease.

Without a command the lease is held until Ctrl-C or TERM; the name of each resource on a line of its \
own, or with --json the lease without its token, is printed on standard output. With a command, \
standard output is the command's alone.
";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::{Arguments, Command, RequestArguments};
    use crate::failure::Failure;
    use crate::selection;

    /// The lines that show a call, each as the words that a shell makes of it.
    fn calls(help: &str) -> Vec<Vec<String>> {
        let lines = help.lines().filter(|line| line.starts_with("  rpclient "));
        lines.map(|line| words(line.split("  ").nth(1).unwrap_or_default())).collect()
    }

    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
        for character in line.chars().chain([' ']) {
            match (character, quote) {
                ('\'' | '"', None) => quote = Some(character),
                (character, Some(open)) if character == open => quote = None,
                (' ', None) => {
                    if !word.is_empty() {
                        words.push(std::mem::take(&mut word));
                    }
                }
                (character, _) => word.push(character),
            }
        }
        words
    }

    fn requirements(request: &RequestArguments) -> Result<(), Failure> {
        selection::requirements(&request.requirements, &request.flags).map(drop)
    }

    #[test]
    fn every_call_that_the_help_shows_can_be_read() {
        let shown = [(EXAMPLES, 6), (LIST_HELP, 5), (ACQUIRE_HELP, 8), (LOCK_HELP, 10)];
        for (help, expected) in shown {
            let calls = calls(help);
            assert_eq!(calls.len(), expected, "{calls:?}");
            for call in calls {
                let arguments = Arguments::try_parse_from(&call);
                let arguments = arguments.unwrap_or_else(|error| panic!("{call:?}: {error}"));
                let read = match &arguments.command {
                    Command::Lock(lock) => requirements(&lock.request),
                    Command::Acquire(acquire) => requirements(&acquire.request),
                    Command::List(list) => list.selector().map(drop),
                    _ => Ok(()),
                };
                read.unwrap_or_else(|failure| panic!("{call:?}: {}", failure.message));
            }
        }
    }
}
