# bash completion for kstool; what it offers comes from `kstool __complete`
_kstool() {
	local i word rest=${COMP_LINE:0:COMP_POINT} line last value cut words=()
	# bash splits at : = @ as well; join what stands without a blank between
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((i == 0)) || [[ $rest == [[:space:]]* ]]; then words+=("$word"); else words[-1]+=$word; fi
		rest=${rest#*"$word"}
	done
	cut=${words[-1]}
	[[ $word == [:=@]* ]] || cut=${cut%"$word"}
	words=("${words[@]//[\\\"\']/}")
	while IFS= read -r line; do
		last=$line value=${line%%$'\t'*}
		[[ $line == :* ]] && continue
		[[ $value == *[:=/] ]] && compopt -o nospace
		[[ $value == *[!A-Za-z0-9,:=@%/._+-]* ]] && printf -v value %q "$value"
		COMPREPLY+=("${value#"$cut"}")
	done < <(kstool __complete -- "${words[@]:1}" 2>/dev/null)
	case $last in
	:file*) compopt -o filenames; mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "${words[-1]}") ;;
	:dir) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "${words[-1]}") ;;
	esac
} && complete -F _kstool kstool
