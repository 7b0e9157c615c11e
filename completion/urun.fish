# SPDX-License-Identifier: Apache-2.0
# Completion of urun for fish.  The program itself is asked, so that the completion is never out of date: `urun --help` has the
# commands, `urun COMMAND --help` the options, `urun list` the ids.

# Prints the options of a help text, one on each line: "--name<TAB>ARGUMENT<TAB>text".
function __urun_options
    set -l option '^  (?:-(.),|   ) (--[a-z-]+)(?: ([^ ]+))?(?:\[=[^ ]+)?(?:  +(.*))?$'
    string replace -rf $option '$2\t$3\t$4' -- $argv
    string replace -rf '^  (-.), --[a-z-]+(?: ([^ ]+))?(?:  +(.*))?$' '$1\t$2\t$3' -- $argv
end

function __urun_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l urun $words[1]
    set -l help ($urun --help 2>/dev/null)
    set -l options (__urun_options $help)
    set -l command
    set -l previous
    set -l ended
    set -l usage
    set -l root
    set -l operand 0
    for word in $words[2..]
        if test -n "$previous"
            test $previous = --root; and set root --root $word
            set previous
        else if test -z "$ended" -a "$word" = --
            set ended yes
        else if test -z "$ended"; and string match -q -- '-*' $word
            string match -q -- '--root=*' $word; and set root $word
            string match -rq -- "^$word\t[^\t]" $options; and set previous $word
        else if test -z "$command"
            set command $word
            set help ($urun $command --help 2>/dev/null); or return
            set options (__urun_options $help)
            set usage (string replace -r ".*? $command( \[OPTION…\])?" '' -- $help[1])
        else
            set operand (math $operand + 1)
            # The words that follow belong to another program.
            string match -q -- '*…*' $usage; and not string match -q -- '*ID…*' $usage; and set ended yes
        end
    end

    set -l takes $usage
    if test -n "$previous"
        set takes (string replace -rf -- "^$previous\t([^\t]+)\t.*" '$1' $options)[1]
    else if test -z "$ended"; and string match -q -- '-*' $current
        string replace -rf '^(--[^\t]+)\t[^\t]*\t(.*)' '$1\t$2' -- $options
        return
    else if test -z "$command"
        string replace -rf '^  ([a-z]+) +(.*)' '$1\t$2' -- $help
        return
    else if string match -rq '^ ID' -- $usage; and test $operand = 0; or string match -q -- '*ID…*' $usage
        contains $command run create; or $urun $root list --quiet 2>/dev/null
        return
    end
    switch "$takes"
        case '*SIGNAL*'
            string replace -r '^' SIG -- (string split -n ' ' (kill -l | string join ' '))
        case DIR '*BUNDLE*'
            __fish_complete_directories $current ''
        case FILE SOCKET 'SRC:*' '*…*'
            __fish_complete_path $current
    end
end

complete -c urun -f -a '(__urun_complete)'
