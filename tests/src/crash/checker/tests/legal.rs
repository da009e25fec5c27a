//! What the checker must accept: above all, what only looks wrong because of delays and lost answers.

use super::expect_legal;
use super::story::story;

/// Each is legal for the reason that its name gives.
const LEGAL: [(&str, &str); 16] = [
    (
        "one after the other",
        "10 a asks one
         20 a granted 1 fence 1 one
         30 b asks one
         40 b queued 2
         50 a releases
         60 b granted 2 fence 2 one
         70 a ended 1 released
         80 a released 204
         90 b closes",
    ),
    (
        "a lease goes on over a restart",
        "10 a asks one
         20 a granted 1 fence 1 one
         30 server dead
         35 a lost
         40 server started
         50 a resumes
         60 a granted 1 fence 1 one
         70 a closes",
    ),
    (
        "a resume is cut off, and the next is answered",
        "10 a asks one
         20 a queued 1
         30 server dead
         35 a lost
         40 server started
         50 a resumes
         60 a lost
         65 server dead
         70 server started
         80 a resumes
         90 a granted 1 fence 1 one
         95 a closes",
    ),
    (
        "a client that was told nothing asks anew",
        "10 a asks one
         20 server dead
         25 a lost
         30 server started
         1100 a asks one
         1110 a granted 2 fence 2 one
         1120 a closes",
    ),
    (
        "who comes back too late finds nothing, and another has it",
        "10 a asks one
         20 a granted 1 fence 1 one
         30 server dead
         35 a lost
         40 server started
         50 b asks one
         60 b queued 2
         1041 b granted 2 fence 2 one
         1050 a resumes
         1060 a resume refused 403
         1070 b closes",
    ),
    (
        "each server waits for the whole grace",
        "10 a asks one
         20 a granted 1 fence 1 one
         30 server dead
         35 a lost
         40 server started
         1000 server dead
         1010 server started
         1990 a resumes
         2000 a granted 1 fence 1 one
         2010 a closes",
    ),
    (
        "a release whose answer was lost may have been done",
        "10 a asks one
         20 a granted 1 fence 1 one
         30 a releases
         40 server dead
         45 a release unanswered
         50 server started
         55 b asks one
         60 b granted 2 fence 2 one
         70 a releases
         80 a released 404
         90 b closes",
    ),
    (
        "a release whose answer was lost may not have been done",
        "10 a asks one
         20 a granted 1 fence 1 one
         30 a releases
         40 server dead
         45 a release unanswered
         50 server started
         70 a releases
         80 a released 204
         90 a resumes
         95 a resume refused 403",
    ),
    (
        "a grant crosses its cancellation",
        "10 a asks one
         15 a granted 1 fence 1 one
         20 b asks one
         30 b queued 2
         40 a closes
         45 b releases
         50 c asks one
         60 c granted 3 fence 3 one
         65 b granted 2 fence 2 one
         70 b ended 2 released
         75 b released 204
         80 c closes",
    ),
    (
        "a higher priority goes first",
        "10 a asks one
         20 a granted 1 fence 1 one
         30 b asks one
         40 b queued 2
         50 c asks one priority 5
         60 c queued 3
         70 a closes
         80 c granted 3 fence 2 one
         85 c closes
         90 b granted 2 fence 3 one
         95 b closes",
    ),
    (
        "who came later is told earlier",
        "10 a asks one,two
         20 a queued 1
         30 b asks one,two
         50 b granted 2 fence 2 one
         60 a granted 1 fence 1 two
         70 a closes
         80 b closes",
    ),
    (
        "who waits for something else is not overtaken",
        "10 a asks one
         20 a queued 1
         30 b asks two
         50 b granted 2 fence 1 two
         60 a granted 1 fence 2 one
         70 a closes
         80 b closes",
    ),
    (
        "who has left is not overtaken",
        "10 a asks one
         20 a queued 1
         25 a releases
         30 b asks one
         50 b granted 2 fence 1 one
         60 a released 204
         80 b closes",
    ),
    (
        "a lease reaches its maximum duration",
        "10 a asks one max 50
         20 a granted 1 fence 1 one
         60 b asks one
         61 b granted 2 fence 2 one
         62 a ended 1 max_duration
         70 a resumes
         75 a resume refused 403
         80 b closes",
    ),
    (
        "a client leaves for a moment and comes back within its linger",
        "10 a asks one linger 300
         20 a granted 1 fence 1 one
         30 a blinks
         40 a resumes
         50 a granted 1 fence 1 one
         60 a vanishes
         360 b asks one
         370 b granted 2 fence 2 one
         380 b closes",
    ),
    (
        "a waiting request reaches the end of its wait",
        "10 a asks one wait 50
         20 a queued 1
         60 a ended 1 wait_expired",
    ),
];

#[test]
fn what_is_legal_passes() {
    for (what, text) in LEGAL {
        expect_legal(what, &story(text));
    }
}
