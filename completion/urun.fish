# SPDX-License-Identifier: Apache-2.0
# Completion of urun for fish.  The program itself is asked, so that the completion is never out of date: `urun --help` has the
# commands, `urun COMMAND --help` the options, `urun list` the ids, `urun images` the images.

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
        test $previous = --image; and set takes IMAGE
    else if test -z "$ended"; and string match -q -- '-*' $current
        string replace -rf '^(--[^\t]+)\t[^\t]*\t(.*)' '$1\t$2' -- $options
        return
    else if test -z "$command"
        string replace -rf '^  ([a-z]+) +(.*)' '$1\t$2' -- $help
        return
    else if string match -rq '^ ID' -- $usage; and test $operand = 0; or string match -q -- '*ID…*' $usage
        contains $command run create; or $urun $root list --quiet 2>/dev/null
        # The second operand of kill may be either.
        string match -q -- '*SIGNAL*' $usage; and test $operand = 1; or return
    end
    switch "$takes"
        case 'SRC DEST' ' SRC DEST'
            string replace -r '$' : -- ($urun $root list --quiet 2>/dev/null)
            __fish_complete_path $current
        case IMAGE '*IMAGE*'
            set -l names (string replace -r '  .*' '' -- ($urun images 2>/dev/null)[2..])
            # As an operand of run, create, spec and check they have a transport.
            if test -z "$previous"; and not contains $command images rmi pull
                set names (string replace -r '^(?!(oci|oci-archive|docker-archive|dir|sif|atomic|containers-storage|docker-daemon|ostree):)' docker:// -- $names)
            end
            test -n "$previous"; or contains $command run create; and test $operand -gt 0; or printf '%s\n' $names
            # Layouts and archives are images too, by the name of a file behind the transport.
            contains $command images rmi; and return
            set -l transport (string match -r '^[a-z-]+:' -- $current)
            and string replace -r '^' $transport -- (__fish_complete_path (string replace -- $transport '' $current))
        case POLICY
            printf '%s\n' always missing newer never
        case '*SIGNAL*'
            string replace -r '^' SIG -- (string split -n ' ' (kill -l | string join ' '))
        case DIR '*BUNDLE*'
            __fish_complete_directories $current ''
        case FILE SOCKET 'SRC:*' '*…*'
            __fish_complete_path $current
    end
end

complete -c urun -f -a '(__urun_complete)'
