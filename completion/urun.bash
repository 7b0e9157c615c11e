# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of urun for bash.  The program itself is asked, so that the completion is never out of date: `urun --help` has the
# commands, `urun COMMAND --help` the options, `urun list` the ids, and `urun images` the images.

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

# The names in the output of `urun images` as an operand of run, create, spec and check: with their transport.
_urun_with_transport() {
	sed -E '/^(oci|oci-archive|docker-archive|dir|sif|atomic|containers-storage|docker-daemon|ostree):/!s,^,docker://,'
}

# _urun_images URUN WORD FILTER: prints the names of the store's images, changed by the command FILTER, that begin with the word before
# the cursor, which ":" has divided: what stands before the last ":" of the word stays on the line.
_urun_images() {
	local i=$COMP_CWORD before='' name
	[[ ${COMP_WORDS[i]} != : ]] || before=:
	[[ -n $before || ${COMP_WORDS[i - 1]} != : ]] || ((i--, 1))
	while ((i > 1)) && [[ ${COMP_WORDS[i]} = : ]]; do
		before=${COMP_WORDS[i - 1]}:${before#:}
		((i -= 2))
	done
	while read -r name; do
		[[ $name != "$before$2"* ]] || printf '%s\n' "${name#"$before"}"
	done < <("$1" images 2>/dev/null | sed '1d; s/  .*//' | "$3")
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
	[[ $cur != [=:] ]] || cur=
	if [ -n "$previous" ]; then
		word=$(_urun_argument "$options" "$previous")
		[ "$previous" != --image ] || word=IMAGE
	elif [ -z "$ended" ] && [[ $cur = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sed -n 's/^\(--[^=]*\)=.*/\1/p' <<<"$options") --help" -- "$cur")
		return
	elif [ -z "$command" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sed -n '/^Commands:/,/^$/s/^  \([a-z]\{1,\}\) .*/\1/p' <<<"$help")" -- "$cur")
		return
	elif [[ $usage = *ID…* || $usage = ' ID'* && $operand = 0 ]] && [[ $command != @(run|create) ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$urun" "${root[@]}" list --quiet 2>/dev/null)" -- "$cur")
		# The second operand of kill may be either.
		[[ $usage = *SIGNAL* && $operand = 1 ]] || return
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -A signal -- "SIG${cur#SIG}")
		return
	elif [[ $usage = *IMAGE* && -z $previous ]] && [[ $command != @(run|create) || $operand -le 1 ]]; then
		word=_urun_with_transport
		[[ $command != @(images|rmi|pull) ]] || word='cat'
		mapfile -t COMPREPLY < <(_urun_images "$urun" "$cur" "$word")
		# Layouts and archives are images too, by the name of a file behind the transport.
		[[ $command = @(images|rmi) || : != @(${COMP_WORDS[COMP_CWORD]}|${COMP_WORDS[COMP_CWORD - 1]}) ]] || mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames 2>/dev/null
		return
	else
		word=$usage
	fi
	case $word in
	IMAGE) mapfile -t COMPREPLY < <(_urun_images "$urun" "$cur" cat) ;;
	POLICY) mapfile -t COMPREPLY < <(compgen -W 'always missing newer never' -- "$cur") ;;
	' SRC DEST')
		# A container's path begins with its id; the rest of it only the container knows.
		mapfile -t COMPREPLY < <(compgen -S : -W "$("$urun" "${root[@]}" list --quiet 2>/dev/null)" -- "$cur" && compopt -o nospace 2>/dev/null; compgen -f -- "$cur")
		;;
	*SIGNAL*) mapfile -t COMPREPLY < <(compgen -A signal -- "SIG${cur#SIG}") ;;
	DIR | *BUNDLE*) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	FILE | SOCKET | SRC:* | *…*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	*) return ;;
	esac
	compopt -o filenames 2>/dev/null
}

complete -F _urun urun
