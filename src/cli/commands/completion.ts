import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';

/** Each script asks `nsgflow __complete WORD…` for the words behind the cursor. */
const scripts: Readonly<Record<string, string>> = {
  bash: `_nsgflow() {
  local IFS=$'\\n' words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=($(nsgflow __complete "\${words[@]}" 2>/dev/null))
  [ \${#COMPREPLY[@]} -eq 0 ] && compopt -o default
}
COMP_WORDBREAKS=\${COMP_WORDBREAKS//[:=]/}
complete -F _nsgflow nsgflow
`,
  zsh: `#compdef nsgflow
_nsgflow() {
  local -a offered
  offered=("\${(@f)$(nsgflow __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${offered[1]}" ]]; then compadd -Q -a offered; else _files; fi
}
if [[ "\${funcstack[1]}" == _nsgflow ]]; then _nsgflow; else compdef _nsgflow nsgflow; fi
`,
  fish: `function __nsgflow_complete
  set -l words (commandline -opc)
  set -l offered (nsgflow __complete $words[2..-1] (commandline -ct) 2>/dev/null)
  if set -q offered[1]
    printf '%s\\n' $offered
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c nsgflow -f -a '(__nsgflow_complete)'
`,
};

export function define(command: Command): void {
  command.argument('<shell>', Object.keys(scripts).join(', '));
  command.addHelpText(
    'after',
    `
Commands, options, fields of filters and their values; of NSGs, rules, addresses and MACs those of the lake that
--lake, NSGFLOW_LAKE or nsgflow.yaml names.

  bash   nsgflow completion bash > ~/.local/share/bash-completion/completions/nsgflow
  zsh    nsgflow completion zsh > "\${fpath[1]}/_nsgflow"
  fish   nsgflow completion fish > ~/.config/fish/completions/nsgflow.fish
`,
  );
  command.action((shell: string) => {
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
    if (script === undefined)
      throw new FlowError('usage', `no completion for ${JSON.stringify(shell)}`, {
        hint: `One of ${Object.keys(scripts).join(', ')}.`,
      });
    process.stdout.write(script);
  });
}
