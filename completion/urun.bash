# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of urun for bash.  The program itself is asked, so that the completion is never out of date: `urun --help` has the
# commands, `urun COMMAND --help` the options, `urun list` the ids.

# Prints the options of a help text, one on each line: "--name=ARGUMENT", or "--name=" for an option without argument; "-n=ARGUMENT" in the same way.
_urun_options() {
	sed -nE 'h; s/^  (-.,|   ) (--[a-z-]+)( ([^ ]+))?(\[=[^ ]+)?(  .*)?$/\2=\4/p
		g; s/^  (-.), --[a-z-]+( ([^ ]+))?(\[=[^ ]+)?(  .*)?$/\1=\3/p' <<<"$1"
}

# _urun_argument OPTIONS WORD: prints the name of the argument of option WORD; fails if the option has none.
_urun_argument() {
	local line
	while read -r line; do
		[[ ${line%%=*} = "$2" && -n ${line#*=} ]] && echo "${line#*=}" && return
	done <<<"$1"
	return 1
}

_urun() {
	local word previous='' command='' operand=0 ended='' cur=$2 i
	local urun=${COMP_WORDS[0]/#\~/$HOME} help options usage root=()
	COMPREPLY=()
	help=$("$urun" --help 2>/dev/null) || return
	options=$(_urun_options "$help")
	# The words before the cursor: find the command, the number of operands, and the option whose argument comes next.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [ -n "$previous" ]; then
			# "--name=value" is three words, since "=" and ":" separate words.
			[[ $word != [=:]* ]] || continue
			[ "$previous" != --root ] || root=(--root "$word")
			previous=
		elif [[ $word = [=:]* ]]; then
			((++i))
		elif [ -z "$ended" ] && [ "$word" = -- ]; then
			ended=yes
		elif [ -z "$ended" ] && [[ $word = -* ]]; then
			! _urun_argument "$options" "$word" >/dev/null || previous=$word
		elif [ -z "$command" ]; then
			command=$word
			help=$("$urun" "$command" --help 2>/dev/null) || return
			options=$(_urun_options "$help")
			usage=${help%%$'\n'*}
			usage=${usage#*" $command"}
			usage=${usage#' [OPTION…]'}
		else
			((++operand))
			# The words that follow belong to another program.
			[[ $usage != *…* || $usage = *ID…* ]] || ended=yes
		fi
	done
	[ "$cur" != = ] || cur=
	if [ -n "$previous" ]; then
		word=$(_urun_argument "$options" "$previous")
	elif [ -z "$ended" ] && [[ $cur = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sed -n 's/^\(--[^=]*\)=.*/\1/p' <<<"$options") --help" -- "$cur")
		return
	elif [ -z "$command" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sed -n '/^Commands:/,/^$/s/^  \([a-z]\{1,\}\) .*/\1/p' <<<"$help")" -- "$cur")
		return
	elif [[ $usage = *ID…* || $usage = ' ID'* && $operand = 0 ]] && [[ $command != @(run|create) ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$urun" "${root[@]}" list --quiet 2>/dev/null)" -- "$cur")
		return
	else
		word=$usage
	fi
	case $word in
	*SIGNAL*) mapfile -t COMPREPLY < <(compgen -A signal -- "SIG${cur#SIG}") ;;
	DIR | *BUNDLE*) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	FILE | SOCKET | SRC:* | *…*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	*) return ;;
	esac
	compopt -o filenames 2>/dev/null
}

complete -F _urun urun
