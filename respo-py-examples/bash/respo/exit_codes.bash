# shellcheck shell=bash
# The exit codes, which are those of rpclient, and what is said to the user.
#
#   0      done; a command that was run ended with 0
#   2      the command line, or what is asked for, is not right
#   90     busy: everything that matches is taken, and the time to wait is over
#   91     no such: nothing in the inventory matches
#   92     lost: the lease ended while it was held; the command was ended
#   93     unreachable: no connection to respod, or it broke before the grant
#   94     refused: respod refuses for another reason, or ended the waiting request
#   96     what answered does not talk like a respod
#   97     something failed on this machine
#   126    the command could not be executed
#   127    the command was not found
#   128+N  signal N ended the command, or the waiting
#   other  the code with which the command ended

_respo_say() {
  [[ ${RESPO_QUIET:-} ]] || printf 'respo: %s\n' "$*" >&2
}

_respo_warn() {
  printf 'respo: %s\n' "$*" >&2
}

# What a refusal by respod comes to. Arguments: the code of the problem.
_respo_code_of_problem() {
  case $1 in
    busy) REPLY=90 ;;
    no_such | no_such_pool) REPLY=91 ;;
    malformed | pool_required) REPLY=2 ;;
    *) REPLY=94 ;;
  esac
}

# What the end of a request that waited comes to. Arguments: the reason.
_respo_code_of_end() {
  case $1 in
    wait_expired) REPLY=90 ;;
    no_such) REPLY=91 ;;
    *) REPLY=94 ;;
  esac
}
